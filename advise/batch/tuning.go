package batch

import (
	"fmt"
	"strconv"
	"strings"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Flink's option keys of the tuning that its documentation advises. 2.3 has neither:
// sort shuffle is all there is, and how many buffers a task needs to read does not
// grow with its channels beyond a bound.
const (
	keySortShuffle = "taskmanager.network.sort-shuffle.min-parallelism"
	keyChannels    = "taskmanager.network.memory.buffers-per-channel"
)

// presentSettings are the options in force.
func presentSettings(s *shape) []Setting {
	o := s.present
	list := []Setting{
		{Key: KeyVolume, Value: memory(o.AverageVolume)},
		{Key: KeyMax, Value: strconv.Itoa(o.MaxParallelism)},
		{Key: KeyMin, Value: strconv.Itoa(o.MinParallelism)},
		{Key: KeySource, Value: sourceValue(o)},
	}
	for i := range list {
		if !s.set(list[i].Key) {
			list[i].Why = "default"
		}
	}
	return list
}

func sourceValue(o scheduler.Options) string {
	if o.DefaultSourceParallelism == 0 {
		return strconv.Itoa(o.MaxParallelism)
	}
	return strconv.Itoa(o.DefaultSourceParallelism)
}

// set says whether an option is set, under its present or its former key.
func (s *shape) set(key string) bool {
	former := oldPrefix + strings.TrimPrefix(key, keyPrefix)
	_, now := s.run.Settings[key]
	_, before := s.run.Settings[former]
	return now || before
}

// proposals are the options that differ from the present ones.
func proposals(s *shape, o scheduler.Options) []Setting {
	p := s.present
	list := []Setting{}
	add := func(changed bool, key, value, was string) {
		if changed {
			list = append(list, Setting{Key: key, Value: value, Was: was})
		}
	}
	add(!s.decided, KeyScheduler, "AdaptiveBatch", s.run.Settings[KeyScheduler])
	add(!p.AutoParallelism, keyPrefix+"enabled", "true", "false")
	add(o.AverageVolume != p.AverageVolume, KeyVolume, memory(o.AverageVolume), memory(p.AverageVolume))
	add(o.MaxParallelism != p.MaxParallelism, KeyMax, strconv.Itoa(o.MaxParallelism), strconv.Itoa(p.MaxParallelism))
	add(o.MinParallelism != p.MinParallelism, KeyMin, strconv.Itoa(o.MinParallelism), strconv.Itoa(p.MinParallelism))
	add(o.DefaultSourceParallelism != p.DefaultSourceParallelism, KeySource, sourceValue(o), sourceValue(p))
	return list
}

// tuning is what Flink's documentation advises besides, where the run does not
// have it.
func tuning(s *shape) []Setting {
	list := []Setting{}
	if s.run.Release == slots.V1_20 {
		list = append(list, s.shuffling()...)
	}
	if o := s.present; s.decided && o.MaxParallelism > 4*s.largest() && s.largest() > 0 && o.MaxParallelism > 32 {
		list = append(list, Setting{Key: KeyMax, Value: strconv.Itoa(2 * s.largest()), Was: strconv.Itoa(o.MaxParallelism), Why: fmt.Sprintf(
			"each producer writes as many subpartitions, and no vertex had more than %d tasks: set it to the worst day that you expect", s.largest())})
	}
	return list
}

// shuffling is what decouples network memory from the parallelism in 1.20.
func (s *shape) shuffling() []Setting {
	var list []Setting
	channels, at := s.channels()
	if now := setting(s, keyChannels, "2"); now != "0" && channels > 0 {
		n, _ := strconv.ParseFloat(now, 64)
		list = append(list, Setting{Key: keyChannels, Value: "0", Was: now, Why: fmt.Sprintf(
			"network memory then no longer grows with the parallelism: a task of %s reserves %s for %s",
			at, amount(min(n*float64(channels), mostRequired)*bufferBytes), plural(channels, "channel"))})
	}
	if now := setting(s, keySortShuffle, "1"); now != "1" {
		list = append(list, Setting{Key: keySortShuffle, Value: "1", Was: now, Why: "sort shuffle writes few files and needs few buffers whatever the number of subpartitions; hash shuffle needs a buffer and a file for each"})
	}
	return list
}

const (
	// bufferBytes are those of a network buffer (taskmanager.memory.segment-size).
	bufferBytes = 32 << 10
	// mostRequired is how many of them an input of a batch job reserves at most
	// (taskmanager.network.memory.read-buffer.required-per-gate.max).
	mostRequired = 1000
)

func setting(s *shape, key, otherwise string) string {
	if value, set := s.run.Settings[key]; set {
		return strings.TrimSpace(value)
	}
	return otherwise
}

// channels is the largest number of producers that one input of a task reads from.
func (s *shape) channels() (most int, vertex string) {
	for i := range s.run.Vertices {
		v := &s.run.Vertices[i]
		for _, e := range v.Inputs {
			if n := s.run.Vertices[e.From].Parallelism; !e.pointwise() && n > most {
				most, vertex = n, v.Name
			}
		}
	}
	return most, vertex
}

func (s *shape) largest() int {
	most := 0
	for i := range s.run.Vertices {
		most = max(most, s.run.Vertices[i].Parallelism)
	}
	return most
}

// amount is a number of bytes that a person can read.
func amount(bytes float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if bytes < 1000 {
			if unit == "B" || bytes >= 100 {
				return fmt.Sprintf("%.0f %s", bytes, unit)
			}
			return fmt.Sprintf("%.1f %s", bytes, unit)
		}
		bytes /= 1024
	}
	return fmt.Sprintf("%.1f TiB", bytes)
}
