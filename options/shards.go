package options

import (
	"errors"
	"time"
)

// Sharding says how processes that share a store share the jobs.
type Sharding string

// The values of [Shards].
const (
	ShardsOn  Sharding = "on"
	ShardsOff Sharding = "off"
)

// Options of processes that share a store.
var (
	Shards = plain(ScopeProcess, "sluice.shards", enums(ShardsOn, ShardsOff), ShardsOn,
		"How processes with the same store share the jobs: `on` each job has one of them as its owner, `off` one process owns all and the others stand by. The same for all of them.")
	LeaseTime = plain(ScopeProcess, "sluice.lease.time", durations, 15*time.Second,
		"Time after which a process that does not renew its leases in the store is taken to be dead, and its jobs go to others; ≥ 1 s. The same for all of them.").checked(atLeastASecond)
	ProcessName = unset(ScopeProcess, "sluice.process.name", texts,
		"Name of this process among those with the same store; one that restarts under its name gets its jobs back. Unset: the name of the host.")
)

func atLeastASecond(d time.Duration) error {
	if d < time.Second {
		return errors.New("want at least 1 s")
	}
	return nil
}
