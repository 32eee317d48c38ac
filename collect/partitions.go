package collect

import (
	"regexp"
	"strings"
)

// partitionPattern finds the metrics that a Kafka or Pulsar source registers for
// each partition it reads (spec section 3.4).
var partitionPattern = regexp.MustCompile(
	`^.*?(\.kafkaCluster\.(?P<cluster>.+))?\.KafkaSourceReader\.topic\.(?P<topic>.+)\.partition\.(?P<id>\d+)\.currentOffset$` +
		`|^.*\.PulsarConsumer\.(?P<pulsarTopic>.+)-partition-(?P<pulsarID>\d+)\..*\.numMsgsReceived$`)

// partitionOf is a partition without the rest of the metric's name: the same on
// whichever consumer or subtask it is seen.
type partitionOf struct{ cluster, topic, id string }

// countPartitions counts the distinct partitions that a list of metric names
// speaks of; 0 if the source is not partitioned or does not say.
func countPartitions(names []string) int {
	seen := map[partitionOf]struct{}{}
	for _, name := range names {
		// The pattern is dear, and of some hundred names it can match few.
		if !strings.HasSuffix(name, ".currentOffset") && !strings.HasSuffix(name, ".numMsgsReceived") {
			continue
		}
		m := partitionPattern.FindStringSubmatch(name)
		switch {
		case m == nil:
		case m[4] != "":
			seen[partitionOf{"kafka " + m[2], m[3], m[4]}] = struct{}{}
		default:
			seen[partitionOf{"pulsar", m[5], m[6]}] = struct{}{}
		}
	}
	return len(seen)
}
