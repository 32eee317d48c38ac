package options

// Enablement says whether Sluice acts on a job, and which setting decided.
type Enablement struct {
	Enabled bool
	// Key is the option that decided, Source where it was set.
	Key    string
	Source Source
}

// Enabled decides whether Sluice acts on a job with this effective
// configuration:
//
//   - sluice.enabled where it is set, except that in profile sluice a job whose
//     own configuration says job.autoscaler.enabled: false has opted out, unless
//     sluice.enabled was set for that job with the same or a higher rank;
//   - else job.autoscaler.enabled where it is set;
//   - else true in profile sluice and false in profile reference.
func Enabled(cfg Config) (Enablement, error) {
	own, ownSource, ownSet, err := explicitBool(cfg, SluiceEnabled)
	if err != nil {
		return Enablement{}, err
	}
	theirs, theirSource, theirSet, err := explicitBool(cfg, AutoscalerEnabled)
	if err != nil {
		return Enablement{}, err
	}
	optedOut := theirSet && !theirs && theirSource.ofJob() && theirSource.Kind > ownSource.Kind
	switch {
	case ownSet && !(optedOut && cfg.Profile() == ProfileSluice):
		return Enablement{own, SluiceEnabled.Key, ownSource}, nil
	case theirSet:
		return Enablement{theirs, AutoscalerEnabled.Key, theirSource}, nil
	case cfg.Profile() == ProfileSluice:
		return Enablement{true, SluiceEnabled.Key, Source{Kind: FromProfile, Name: string(ProfileSluice)}}, nil
	}
	return Enablement{AutoscalerEnabled.Default, AutoscalerEnabled.Key, Source{}}, nil
}

func explicitBool(cfg Config, o Option[bool]) (value bool, source Source, set bool, err error) {
	source, set = Explicit(cfg, o)
	if !set {
		return false, Source{}, false, nil
	}
	value, err = Get(cfg, o)
	return value, source, true, err
}
