package batch

// Result is what a producer writes for one consumer, as far as it decides the
// number of subpartitions.
type Result struct {
	Pattern Pattern
	// Broadcast says that it is known to be broadcast when it is written.
	Broadcast bool
	// Forward says that it is read over a forward edge.
	Forward bool
	// Producers is the parallelism of the producer, at least 1.
	Producers int
	// Consumers is the parallelism of the consumer, 0 while it is not decided;
	// MaxConsumers is then its maximum parallelism.
	Consumers, MaxConsumers int
}

// Subpartitions is how many subpartitions each task of the producer writes: one
// if each consumer reads all of it or has its own partition, else enough for the
// largest parallelism that the consumer can get. So the largest parallelism is
// also what a producer pays for.
func Subpartitions(r Result) int {
	if r.Broadcast || r.Forward {
		return 1
	}
	consumers := r.Consumers
	if consumers <= 0 {
		consumers = r.MaxConsumers
	}
	if r.Pattern == AllToAll {
		return consumers
	}
	return (consumers + r.Producers - 1) / r.Producers
}
