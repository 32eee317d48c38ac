package flow

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// exchange is an edge buffer by buffer and record by record, on one machine: what
// room is the mean of. A receiver takes one record a tick, senders could do five
// times that. Checkpoints are aligned, and follow one another at once.
type exchange struct {
	size      int // of a buffer, in records
	pool      int // buffers of a sender
	random    *rand.Rand
	channels  [][]*channel // by sender and receiver
	used      []int        // buffers of each sender
	turn      []int        // the next receiver of each sender, where they take turns
	speed     float64      // records of a sender in a tick
	can       []float64
	receivers []receiver
}

// channel has a queue of buffers, of which the last is being filled unless it was
// cut; nil is a barrier.
type channel struct {
	queue   []*buffer
	filling *buffer
}

type buffer struct{ records, read int }

type receiver struct {
	at      *channel // whose first buffer is being read; nil for none
	sender  int
	next    int
	blocked map[int]bool // senders whose barrier is there
	aligned int          // barriers that have come through
}

func newExchange(senders, receivers, size int, even bool) *exchange {
	x := &exchange{
		size: size, pool: perChannel*receivers + floating, used: make([]int, senders), turn: make([]int, senders),
		speed: 5 * float64(receivers) / float64(senders), can: make([]float64, senders), receivers: make([]receiver, receivers),
	}
	if !even {
		x.random = rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a simulation
	}
	for range senders {
		list := make([]*channel, receivers)
		for r := range list {
			list[r] = &channel{}
		}
		x.channels = append(x.channels, list)
	}
	for r := range x.receivers {
		x.receivers[r].blocked = map[int]bool{}
	}
	return x
}

// tick lets senders and receivers do what they can.
func (x *exchange) tick() {
	for s := range x.channels {
		for x.can[s] += x.speed; x.can[s] >= 1; x.can[s]-- {
			if x.used[s] >= x.pool { // the last buffer was taken: it waits
				x.can[s] = 0
				break
			}
			x.send(s)
		}
	}
	for r := range x.receivers {
		x.receive(r)
	}
}

func (x *exchange) send(s int) {
	r := x.turn[s]
	x.turn[s] = (r + 1) % len(x.receivers)
	if x.random != nil {
		r = x.random.IntN(len(x.receivers))
	}
	c := x.channels[s][r]
	if c.filling == nil || c.filling.records == x.size {
		c.filling = &buffer{}
		c.queue = append(c.queue, c.filling)
		x.used[s]++
	}
	c.filling.records++
}

// receive reads a record, from one buffer to its end and then from another sender's.
func (x *exchange) receive(r int) {
	v := &x.receivers[r]
	for range 4 * len(x.channels) {
		if v.at == nil && !x.choose(r) {
			return
		}
		b := v.at.queue[0]
		read := b.read < b.records
		if read {
			b.read++
		}
		if b.read == b.records && (b != v.at.filling || b.records == x.size) {
			v.at.queue = v.at.queue[1:]
			x.used[v.sender]--
			v.at = nil
		} else if !read {
			v.at = nil
		}
		if read {
			return
		}
	}
}

// choose finds the next sender from which there is something, and takes barriers.
func (x *exchange) choose(r int) bool {
	v := &x.receivers[r]
	for k := range x.channels {
		s := (v.next + k) % len(x.channels)
		c := x.channels[s][r]
		if v.blocked[s] || len(c.queue) == 0 {
			continue
		}
		if c.queue[0] == nil {
			c.queue = c.queue[1:]
			if v.blocked[s] = true; len(v.blocked) == len(x.channels) {
				clear(v.blocked)
				v.aligned++
			}
			continue
		}
		if b := c.queue[0]; b.read < b.records || b != c.filling {
			v.at, v.sender, v.next = c, s, s+1
			return true
		}
	}
	return false
}

// checkpoint sends barriers and says how many ticks they need: so many records of
// each receiver are before the one that comes last.
func (x *exchange) checkpoint() (ticks int) {
	want := x.receivers[0].aligned + 1
	for _, list := range x.channels {
		for _, c := range list {
			c.queue, c.filling = append(c.queue, nil), nil
		}
	}
	for ; ; ticks++ {
		done := true
		for r := range x.receivers {
			done = done && x.receivers[r].aligned >= want
		}
		if done {
			return ticks
		}
		x.tick()
	}
}

// The room of an edge is what checkpoints wait for, one after the other, in a
// simulation of single buffers.
func TestTheRoomOfAnEdgeIsTheMeanOfSingleBuffers(t *testing.T) {
	for _, c := range []struct {
		senders, receivers int
		even               bool
	}{{1, 1, true}, {1, 2, true}, {2, 2, true}, {4, 1, true}, {4, 4, true}, {1, 2, false}, {2, 2, false}, {2, 4, false}, {4, 4, false}} {
		t.Run(fmt.Sprintf("%d to %d, even %t", c.senders, c.receivers, c.even), func(t *testing.T) {
			const size, warm, count = 400, 3, 12
			x := newExchange(c.senders, c.receivers, size, c.even)
			ticks := 0
			for range x.pool * size * c.senders {
				x.tick()
			}
			for i := range warm + count {
				if took := x.checkpoint(); i >= warm {
					ticks += took
				}
			}
			want := float64(ticks) / count * float64(c.receivers)
			got := Buffers{SegmentBytes: size}.room(ends{
				senders: c.senders, receivers: c.receivers, even: c.even, hottest: 1 / float64(c.receivers), recordBytes: 1,
			})
			if math.Abs(got-want) > 0.1*want {
				t.Errorf("room for %.1f buffers; want %.1f ± 10 %%", got/size, want/size)
			}
		})
	}
}
