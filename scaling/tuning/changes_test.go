package tuning

import "testing"

func TestTheRecommendationListsChangesAndRemovals(t *testing.T) {
	tuned, err := Tune(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	const first = "Memory tuning recommends the following configuration (automatic tuning is "
	const rest = `):
taskmanager.memory.framework.heap.size: 0 bytes
taskmanager.memory.jvm-metaspace.size: 120 mb
taskmanager.memory.jvm-overhead.fraction: 0.054
taskmanager.memory.managed.fraction: 0.654
taskmanager.memory.network.max: 13760 kb
taskmanager.memory.network.min: 13760 kb
taskmanager.memory.process.size: 20108162027 bytes
Remove the following config entries if present: [taskmanager.memory.flink.size, taskmanager.memory.managed.size, taskmanager.memory.size, taskmanager.memory.task.heap.size]`
	for enabled, word := range map[bool]string{true: "enabled", false: "disabled"} {
		if got, want := tuned.Changes().Recommendation(enabled), first+word+rest; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
