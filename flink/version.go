package flink

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of Flink. Qualifier is what follows the first hyphen,
// such as SNAPSHOT or a vendor's mark.
type Version struct {
	Major, Minor, Patch int
	Qualifier           string
}

// ParseVersion reads versions such as 2.3.0, 1.20.5 and 2.3-SNAPSHOT.
func ParseVersion(text string) (Version, error) {
	numbers, qualifier, _ := strings.Cut(strings.TrimSpace(text), "-")
	parts := strings.Split(numbers, ".")
	if len(parts) < 2 {
		return Version{}, notAVersion(text)
	}
	version := Version{Qualifier: qualifier}
	for i, into := range []*int{&version.Major, &version.Minor, &version.Patch} {
		if i >= len(parts) {
			break
		}
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil {
			return Version{}, notAVersion(text)
		}
		*into = int(n)
	}
	return version, nil
}

func notAVersion(text string) error {
	return fmt.Errorf("flink: %.40q is not a version; want one such as 2.3.0", text)
}

// String prints the version with three numbers.
func (v Version) String() string {
	text := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if v.Qualifier != "" {
		text += "-" + v.Qualifier
	}
	return text
}

// Compare orders versions: -1, 0 or 1. A snapshot or release candidate comes
// before its release; a vendor's mark makes no difference.
func (v Version) Compare(w Version) int {
	return cmp.Or(
		cmp.Compare(v.Major, w.Major),
		cmp.Compare(v.Minor, w.Minor),
		cmp.Compare(v.Patch, w.Patch),
		cmp.Compare(v.released(), w.released()),
	)
}

func (v Version) released() int {
	qualifier := strings.ToLower(v.Qualifier)
	if strings.HasSuffix(qualifier, "snapshot") || strings.HasPrefix(qualifier, "rc") {
		return 0
	}
	return 1
}

// AtLeast says whether the version is major.minor or later; snapshots count.
func (v Version) AtLeast(major, minor int) bool {
	return cmp.Or(cmp.Compare(v.Major, major), cmp.Compare(v.Minor, minor)) >= 0
}

// Feature is a part of the REST API that not every version has.
type Feature int

// The features that are asked for.
const (
	// FeatureRequirements is /jobs/:id/resource-requirements.
	FeatureRequirements Feature = iota
	// FeatureRescales is /jobs/:id/rescales/….
	FeatureRescales
	// FeatureApplications is /applications/overview.
	FeatureApplications
)

// Supports says whether the version has the feature. Whether a job has it
// depends on its scheduler too.
func (v Version) Supports(feature Feature) bool {
	switch feature {
	case FeatureRequirements:
		return v.AtLeast(1, 18)
	case FeatureRescales, FeatureApplications:
		return v.AtLeast(2, 3)
	}
	return false
}
