package quartzcheck

import (
	"fmt"
	"time"
)

// Parse reads an expression; contains judges a moment by the clock of its zone.
type Parse func(expression string) (contains func(time.Time) bool, err error)

// Differences asks the same questions of another judge, and says in a line each
// where it disagrees. It is to refuse what Quartz fails on.
func Differences(answers []Answer, parse Parse) ([]string, error) {
	var differences []string
	for _, a := range answers {
		contains, refusal := parse(a.Expression)
		if (refusal == nil) != (a.Verdict == Valid) {
			differences = append(differences, fmt.Sprintf("%s %q: Quartz says %s, we %v", a.Kind, a.Expression, a.Verdict, refusal))
			continue
		}
		location, err := time.LoadLocation(a.Zone)
		if err != nil {
			return nil, fmt.Errorf("judge %q: %w", a.Expression, err)
		}
		for _, m := range a.Moments {
			if at := m.At.In(location); contains(at) != m.Inside {
				differences = append(differences, fmt.Sprintf("%s %q at %s in %s: Quartz says %v",
					a.Kind, a.Expression, at.Format(time.RFC3339Nano), a.Zone, m.Inside))
			}
		}
	}
	return differences, nil
}
