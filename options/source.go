package options

import "strconv"

// SourceKind says which part of the configuration a value comes from. The
// kinds are ordered by precedence, the weakest first.
type SourceKind uint8

// The kinds of source.
const (
	FromDefault SourceKind = iota
	FromProfile
	FromFile
	FromEnv
	FromFlag
	FromCluster
	FromJob
	FromSection
)

// Source says where a value was set.
type Source struct {
	Kind SourceKind
	// Name is the profile, the file or the environment variable.
	Name string
	// Line is the line in the file, from 1; 0 where it is not known.
	Line int
	// Section is the job id or name pattern under jobs: in the file.
	Section string
}

// String prints "default", "profile sluice", "sluice.yaml:12",
// "env SLUICE_PROFILE", "flag", "cluster", "job", or
// `sluice.yaml:14 (jobs "orders-*")`.
func (s Source) String() string {
	switch s.Kind {
	case FromProfile:
		return "profile " + s.Name
	case FromFile:
		return s.place()
	case FromEnv:
		return "env " + s.Name
	case FromFlag:
		return "flag"
	case FromCluster:
		return "cluster"
	case FromJob:
		return "job"
	case FromSection:
		return s.place() + " (jobs " + strconv.Quote(s.Section) + ")"
	}
	return "default"
}

func (s Source) place() string {
	name := s.Name
	if name == "" {
		name = "file"
	}
	if s.Line == 0 {
		return name
	}
	return name + ":" + strconv.Itoa(s.Line)
}

// ofJob reports whether the value is the job's own and not the process's.
func (s Source) ofJob() bool { return s.Kind >= FromCluster }
