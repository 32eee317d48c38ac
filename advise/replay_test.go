package advise

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/recording"
)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func TestTheRunsOfTheControlLoopAreFound(t *testing.T) {
	exchange := func(seconds int, path string) recording.Exchange {
		return recording.Exchange{At: at(seconds), Method: "GET", Path: path, Status: 200}
	}
	for name, c := range map[string]struct {
		exchanges []recording.Exchange
		want      []Loop
	}{
		"none": {[]recording.Exchange{exchange(0, "/config"), exchange(1, "/jobs/1")}, nil},
		"two": {
			[]recording.Exchange{exchange(0, "/config"), exchange(1, "/jobs/overview"), exchange(2, "/jobs/1"), exchange(6, "/v1/jobs/overview?x=1"), exchange(8, "/jobs/1")},
			[]Loop{{at(1), at(6).Add(-1)}, {at(6), at(8)}},
		},
	} {
		if diff := cmp.Diff(c.want, Loops(c.exchanges)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// loops are the runs of an hour's recording.
func loops() []Loop {
	var all []Loop
	for i := range 60 {
		all = append(all, Loop{At: at(5 * i), Until: at(5*i + 4)})
	}
	return all
}

func (p *platform) advance(l Loop) { p.now = l.At }

func TestAReplayTellsEachDecisionOnce(t *testing.T) {
	p := newPlatform(t, job("a"))
	entries, err := Replay(t.Context(), p.config(), loops(), p.advance)
	if err != nil {
		t.Fatal(err)
	}
	got := adviceOf(entries)
	want := advice{"a", "scale", "scale", 4}
	if len(got) < 2 || got[0].Reason != "window-not-full" || got[len(got)-1] != want {
		t.Errorf("got %+v, want a window that fills and then %+v", got, want)
	}
	for i := 1; i < len(got); i++ {
		if entries[i].Fingerprint() == entries[i-1].Fingerprint() {
			t.Errorf("twice the same: %+v", got[i])
		}
	}
}

func TestAReplayGoesOnAfterARecordedFault(t *testing.T) {
	p := newPlatform(t, job("a"))
	p.unlisted = func(n int) error {
		if n == 1 || n == 9 {
			return errors.New("no list")
		}
		return nil
	}
	n := 0
	p.unread = func(autoscaler.JobKey) error {
		if n++; n == 4 {
			return errors.New("dropped")
		}
		return nil
	}
	entries, err := Replay(t.Context(), p.config(), loops(), p.advance)
	if err != nil {
		t.Fatal(err)
	}
	var faults, scales int
	for _, a := range adviceOf(entries) {
		switch a.Reason {
		case reasonError:
			faults++
		case "scale":
			scales++
		}
	}
	if faults != 1 || scales != 1 {
		t.Errorf("%d faults and %d rescales told, want one of each: %+v", faults, scales, adviceOf(entries))
	}
}

func TestAReplayWithoutAnyListFails(t *testing.T) {
	p := newPlatform(t, job("a"))
	broken := errors.New("not recorded")
	p.unlisted = func(int) error { return broken }
	if _, err := Replay(t.Context(), p.config(), loops(), p.advance); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
	p = newPlatform(t) // a cluster without jobs is no fault
	if entries, err := Replay(t.Context(), p.config(), loops(), p.advance); err != nil || entries == nil || len(entries) != 0 {
		t.Errorf("%v, %v, want nothing", entries, err)
	}
}
