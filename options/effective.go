package options

// Job names a job to [Effective].
type Job struct {
	// ID is the job id, 32 hex digits.
	ID string
	// Name is the job's name as Flink shows it.
	Name string
}

// Effective is the configuration of one job: defaults < profile < process
// (file, environment, flags) < the cluster's configuration < the job's global
// parameters < the sections of the file that mean the job.
//
// flinkConf is what /jobs/:id/jobmanager/config shows; of it everything counts
// but the options of the process. globalParameters is what /jobs/:id/config
// shows as user-config; of it only options of jobs count, since the rest belongs
// to the program. Values that Flink has masked are left out. Values are not
// checked; see [Validate] and [UnknownKeys].
//
// Neither of Flink's maps changes while a job runs, so the result may be kept
// until the job or the process configuration is another one.
func Effective(process Config, job Job, flinkConf, globalParameters map[string]string) Config {
	layers := make([]layer, 0, 4)
	layers = append(layers,
		pick(flinkConf, Source{Kind: FromCluster}, fromCluster),
		pick(globalParameters, Source{Kind: FromJob}, fromJob))
	return process.with(append(layers, layersFor(process.sections, job)...)...)
}

// pick takes the values whose key is wanted and that are not masked.
func pick(values map[string]string, source Source, wanted func(key string) bool) layer {
	l := make(layer, len(values))
	for key, text := range values {
		if text != flinkMask && wanted(key) {
			l[key] = Value{Text: text, Source: source}
		}
	}
	return l
}

// fromCluster: a cluster must not steer the process that watches it.
func fromCluster(key string) bool {
	i, ok := byKey[key]
	return !ok || infos[i].Scope != ScopeProcess
}

// fromJob: a job's parameters are options only where they are called so.
func fromJob(key string) bool {
	i, ok := byKey[key]
	if ok {
		return infos[i].Scope == ScopeJob
	}
	return known(key)
}
