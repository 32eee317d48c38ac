package sqlstate_test

import (
	"os"
	"testing"
	"time"
)

const weekLoad = `
name: a week
duration: 8 d
seed: 3
start: 2026-07-04
loads:
  clicks:
    noise:
      share: 0.03
      every: 30 s
      of:
        day: {points: {"00:00": 3k, "04:00": 1200, "09:00": 4500, "14:00": 6k, "20:00": 10k, "23:00": 5k}}
  orders:
    noise:
      share: 0.05
      every: 30 s
      of:
        day: {points: {"00:00": 90, "04:00": 30, "09:00": 140, "14:00": 200, "20:00": 350, "23:00": 150}}
`

// most is how much room the state of a job may take.
const most = 256 << 10

// The state of a job of eight vertices that is scaled up and down every day, with
// the options as they are by default, grows until its window is full and its
// history has its length, and no further. Three hours of it with
// every change, a week in the full suite.
func TestTheStateOfAJobStaysSmall(t *testing.T) {
	shop, err := os.ReadFile("../../demo/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	length, step := 3*time.Hour, time.Hour
	if os.Getenv("SLUICE_REAL") == "full" {
		length, step = 7*24*time.Hour, 6*time.Hour
	} else if testing.Short() {
		t.Skip("three hours of virtual time are left out")
	}
	p := newPlay(t, string(shop), weekLoad, "{}")
	db := open(t, databases[0].address(t))
	p.begin(store(t, db).Open)
	var early, late float64
	rescales := 0
	for began := p.now(); p.now().Sub(began) < length; {
		for next := p.now().Add(step); p.now().Before(next); {
			p.log = p.log[:0]
			p.pass()
			rescales += p.scaled
		}
		size := storedBytes(t, db)
		passed := p.now().Sub(began)
		t.Logf("after %s: %.0f bytes, %s parts, %s samples, %d rescales", passed, size,
			column(t, db, "SELECT COUNT(*) FROM sluice_part")[0], column(t, db, "SELECT COUNT(*) FROM sluice_sample")[0], rescales)
		if passed <= length/3 {
			early = max(early, size)
		}
		late = size
		if size > most {
			t.Errorf("after %s the state takes %.0f bytes, more than %d", passed, size, most)
		}
	}
	if late > 1.25*early {
		t.Errorf("the state grows: from %.0f to %.0f bytes", early, late)
	}
	if rescales == 0 {
		t.Error("the job was never rescaled")
	}
}
