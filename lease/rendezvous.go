package lease

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/sluice-project/sluice/autoscaler"
)

// Ring knows who is to own a job. When a member comes or goes, only the jobs that
// it gets or had change hands.
type Ring struct {
	seats []seat
}

// seat is a member with the hash of its place.
type seat struct {
	id   string
	hash uint64
}

// NewRing seats members by their names, so that one that restarts gets the jobs
// back that it had. Of members with the same name the first by ID takes the
// first seat of that name, the second the next one.
func NewRing(members []Member) Ring {
	sorted := slices.SortedFunc(slices.Values(members), func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	r := Ring{seats: make([]seat, 0, len(sorted))}
	n := 0
	for i, m := range sorted {
		n++
		if i == 0 || m.Name != sorted[i-1].Name {
			n = 0
		}
		r.seats = append(r.seats, seat{m.ID, hash(m.Name, strconv.Itoa(n))})
	}
	return r
}

// Owner is the ID of the member that is to own the job; empty without members.
func (r Ring) Owner(job autoscaler.JobKey) string {
	of := hash(job.Cluster, string(job.Job))
	owner, most := "", uint64(0)
	for _, s := range r.seats {
		score := mix(s.hash ^ of)
		if owner == "" || score > most || score == most && s.id < owner {
			owner, most = s.id, score
		}
	}
	return owner
}

// hash is the same in every process and build.
func hash(a, b string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(a))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(b))
	return mix(h.Sum64())
}

// mix is the finalizer of splitmix64: every bit of x counts for every bit of the
// result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
