package collect

import "testing"

func TestPartitionsAreCountedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	kafka := func(topic, id string) string {
		return "Source__orders.KafkaSourceReader.topic." + topic + ".partition." + id + ".currentOffset"
	}
	clustered := func(cluster, topic, id string) string {
		return "Source__orders.kafkaCluster." + cluster + ".KafkaSourceReader.topic." + topic + ".partition." + id + ".currentOffset"
	}
	pulsar := func(consumer, id string) string {
		return "Source__orders.PulsarConsumer.persistent_//public/default/orders-partition-" + id + "." + consumer + ".numMsgsReceived"
	}
	for _, test := range []struct {
		name  string
		names []string
		want  int
	}{
		{"each partition once", []string{kafka("orders", "0"), kafka("orders", "1"), kafka("orders", "1")}, 2},
		{"topics apart", []string{kafka("orders", "0"), kafka("returns", "0")}, 2},
		{"a topic with dots", []string{kafka("a.partition.7.b", "0"), kafka("a", "0")}, 2},
		{"clusters apart", []string{clustered("east", "orders", "0"), clustered("west", "orders", "0")}, 2},
		{"a named cluster is not the nameless one", []string{clustered("east", "orders", "0"), kafka("orders", "0")}, 2},
		{"consumers of a Pulsar partition together", []string{pulsar("c1", "0"), pulsar("c2", "0"), pulsar("c1", "1")}, 2},
		{"a Pulsar topic without partitions", []string{"Source__orders.PulsarConsumer.orders.c1.numMsgsReceived"}, 0},
		{"nothing before the reader", []string{"KafkaSourceReader.topic.orders.partition.0.currentOffset"}, 0},
		{"more behind the offset", []string{kafka("orders", "0") + ".max"}, 0},
		{"a partition without number", []string{kafka("orders", "x")}, 0},
		{"other offsets", []string{"Source__orders.currentOffset", "committedOffset"}, 0},
		{"no names", nil, 0},
	} {
		if got := countPartitions(test.names); got != test.want {
			t.Errorf("%s: %d partitions, want %d", test.name, got, test.want)
		}
	}
}
