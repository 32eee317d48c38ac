package slots

import "time"

// HeartbeatConfig is how the heartbeats of TaskManagers are judged.
type HeartbeatConfig struct {
	Interval time.Duration // heartbeat.interval, above 0
	Timeout  time.Duration // heartbeat.timeout, above Interval
	// Threshold is how many heartbeats in a row must fail to be delivered before a
	// TaskManager counts as unreachable (heartbeat.rpc-failure-threshold); ≤ 0: never.
	Threshold int
}

// DefaultHeartbeatConfig has Flink's defaults: every 10 s, 50 s, 2 failures.
func DefaultHeartbeatConfig() HeartbeatConfig {
	return HeartbeatConfig{Interval: 10 * time.Second, Timeout: 50 * time.Second, Threshold: 2}
}

// LossKind is how the loss of a TaskManager is noticed. One that stops says so
// itself: that is none of these.
type LossKind int

// The kinds of loss.
const (
	LossUnreachable LossKind = iota + 1 // heartbeats could not be delivered
	LossSilent                          // no heartbeat was answered for the time-out
)

// Noticed is when a sender of heartbeats declares a TaskManager lost, and how it
// noticed. The ResourceManager and each JobMaster are senders: from began on they
// send one every interval, no matter when a TaskManager registered. This one has
// been watched since a time, has answered at once until it broke, and never will
// again. If its process is gone, heartbeats are refused: every one of them counts,
// and it is lost with the last of the threshold. If it is frozen, or behind a
// broken network, they vanish: it is lost when it has been silent for the time-out.
func (c HeartbeatConfig) Noticed(began, since, broke time.Time, gone bool) (time.Time, LossKind) {
	last := began.Add(broke.Sub(began).Truncate(c.Interval)) // the last round answered
	heard := last
	if since.After(last) {
		heard = since
	}
	silent := heard.Add(c.Timeout)
	if !gone || c.Threshold <= 0 {
		return silent, LossSilent
	}
	refused := last.Add(time.Duration(c.Threshold) * c.Interval)
	if silent.Before(refused) {
		return silent, LossSilent
	}
	return refused, LossUnreachable
}
