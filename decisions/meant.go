package decisions

// Meant picks the jobs that may be meant by asked: a job's id, the beginning of
// it, or its name, each with or without CLUSTER/ before it. An id goes before a
// name, a name before a beginning. names gives what a job is called by.
func Meant[T any](asked string, jobs []T, names func(T) (cluster, id, name string)) []T {
	best, meant := byNothing, []T(nil)
	for _, job := range jobs {
		cluster, id, name := names(job)
		matched := rankOf(asked, &Line{Cluster: cluster, Job: id, Name: name})
		if matched == byNothing || matched > best {
			continue
		}
		if matched < best {
			best, meant = matched, nil
		}
		meant = append(meant, job)
	}
	return meant
}
