package collect

import (
	"slices"
	"strings"
	"testing"
)

// FuzzPartitions gives any list of metric names, one a line, to the search for
// partitions: it never finds more than there are names, and neither the order of
// the names nor a repetition changes what it finds.
func FuzzPartitions(f *testing.F) {
	f.Add("0.Source__in.KafkaSourceReader.topic.clicks.partition.3.currentOffset")
	f.Add("0.Source__in.kafkaCluster.eu.KafkaSourceReader.topic.a.partition.b.partition.12.currentOffset\n1.x.KafkaSourceReader.topic.a.partition.12.currentOffset")
	f.Add("2.Source__p.PulsarConsumer.persistent://public/default/t-partition-7.x.numMsgsReceived")
	f.Add("0.numRecordsIn\n\n.KafkaSourceReader.topic..partition..currentOffset")
	f.Fuzz(func(t *testing.T, text string) {
		names := strings.Split(text, "\n")
		n := countPartitions(names)
		if n > len(names) {
			t.Fatalf("%d partitions in %d names", n, len(names))
		}
		twice := append(slices.Clone(names), names...)
		slices.Reverse(twice)
		if again := countPartitions(twice); again != n {
			t.Fatalf("%d partitions, but %d in the same names backwards and twice", n, again)
		}
		const one = "9.fuzz.KafkaSourceReader.topic.a topic of this test.partition.4711.currentOffset"
		if more := countPartitions(append(names, one)); more != n && more != n+1 {
			t.Fatalf("%d partitions with one name more than for %d", more, n)
		} else if more == n && !slices.ContainsFunc(names, func(s string) bool { return strings.Contains(s, "4711") }) {
			t.Fatalf("a new partition was not counted")
		}
	})
}
