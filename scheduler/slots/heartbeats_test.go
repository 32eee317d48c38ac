package slots

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLossIsNoticed(t *testing.T) {
	short := HeartbeatConfig{Interval: 5 * time.Second, Timeout: 20 * time.Second, Threshold: 2}
	never := HeartbeatConfig{Interval: 5 * time.Second, Timeout: 20 * time.Second, Threshold: -1}
	patient := HeartbeatConfig{Interval: 5 * time.Second, Timeout: 20 * time.Second, Threshold: 9}
	tests := []struct {
		name         string
		config       HeartbeatConfig
		since, broke time.Duration
		gone         bool
		at           time.Duration
		how          LossKind
	}{
		{"killed: the second refused heartbeat", short, 0, 12 * time.Second, true, 20 * time.Second, LossUnreachable},
		{"killed just after a heartbeat: nearly two intervals", short, 0, 10*time.Second + 1, true, 20 * time.Second, LossUnreachable},
		{"killed just before a heartbeat: a little over one interval", short, 0, 15*time.Second - 1, true, 20 * time.Second, LossUnreachable},
		{"frozen: the time-out after its last answer", short, 0, 12 * time.Second, false, 30 * time.Second, LossSilent},
		{"frozen before it was ever asked", short, 11 * time.Second, 12 * time.Second, false, 31 * time.Second, LossSilent},
		{"killed where refusals do not count", never, 0, 12 * time.Second, true, 30 * time.Second, LossSilent},
		{"killed where the time-out comes first", patient, 0, 12 * time.Second, true, 30 * time.Second, LossSilent},
		{"frozen, with the defaults", DefaultHeartbeatConfig(), 0, time.Minute, false, 110 * time.Second, LossSilent},
		{"killed, with the defaults", DefaultHeartbeatConfig(), 0, time.Minute, true, 80 * time.Second, LossUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noticed, how := tt.config.Noticed(epoch, at(tt.since), at(tt.broke), tt.gone)
			if !noticed.Equal(at(tt.at)) || how != tt.how {
				t.Errorf("noticed after %v (%d), want %v (%d)", noticed.Sub(epoch), how, tt.at, tt.how)
			}
		})
	}
}

// Noticed must agree with sending the heartbeats one by one.
func TestLossIsNoticedAsByOneHeartbeatAfterAnother(t *testing.T) {
	seconds := func(t *rapid.T, from, to int, what string) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, what)) * time.Second
	}
	rapid.Check(t, func(t *rapid.T) {
		c := HeartbeatConfig{Interval: seconds(t, 1, 10, "interval"), Threshold: rapid.IntRange(-1, 6).Draw(t, "threshold")}
		c.Timeout = c.Interval + seconds(t, 1, 40, "timeout beyond it")
		since := seconds(t, 0, 30, "since")
		broke := since + seconds(t, 0, 60, "broke")
		gone := rapid.Bool().Draw(t, "gone")

		heard, failures := since, 0
		var want time.Duration
		var how LossKind
		for now := time.Duration(0); how == 0; now += time.Second {
			if now < since {
				continue
			}
			if round := now%c.Interval == 0; round && now <= broke {
				heard = now
			} else if round && gone {
				failures++
			}
			switch {
			case c.Threshold > 0 && failures >= c.Threshold:
				want, how = now, LossUnreachable
			case now-heard >= c.Timeout:
				want, how = now, LossSilent
			}
		}
		noticed, kind := c.Noticed(epoch, at(since), at(broke), gone)
		if !noticed.Equal(at(want)) || kind != how {
			t.Fatalf("noticed after %v (%d), one by one after %v (%d)", noticed.Sub(epoch), kind, want, how)
		}
	})
}
