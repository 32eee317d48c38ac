package dashboard

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
)

// Lists are answered a page at a time: limit is the length of a page, and what an
// answer calls next is where the page after it goes on; it is null on the last.

const (
	defaultListed = 1000
	mostListed    = 5000
)

// count reads a number of things.
func count(q url.Values, name string, otherwise, most int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	text := q.Get(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("%s is %q; want a whole number from 1 to %d", name, shortened(text), most)
	}
	return n, nil
}

// numbered reads the number, from least on, of something that is numbered; 0 where
// none is given.
func numbered(q url.Values, name, what string, least uint64) (uint64, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseUint(q.Get(name), 10, 63)
	if err != nil || n < least {
		return 0, invalid("%s is %q; want the number of %s, from %d on", name, shortened(q.Get(name)), what, least)
	}
	return n, nil
}

// before are the newest of those whose number is below a bound, and below which
// number the page before them ends; 0 for none. There are no more than most of
// newest, which has the newest first; without a bound it is 0.
func before[T any](newest []T, bound uint64, most int, number func(*T) uint64) ([]T, *uint64) {
	if bound > 0 {
		newest = slices.DeleteFunc(newest, func(one T) bool { return number(&one) >= bound })
	}
	if len(newest) <= most {
		return newest, nil
	}
	next := number(&newest[most-1])
	return newest[:most], &next
}

// cursor is the last job of a page. A name is kept in part: it may be long.
type cursor struct {
	Cluster string `json:"c"`
	Name    string `json:"n"`
	Job     string `json:"j"`
}

const longestCursorName = 200

func cursorOf(v *jobView) *string {
	text, _ := json.Marshal(cursor{v.Cluster, strings.ToValidUTF8(v.Name[:min(len(v.Name), longestCursorName)], ""), v.Job})
	next := base64.RawURLEncoding.EncodeToString(text)
	return &next
}

// jobsAfter are the jobs after the cursor of a query. Where its job is gone, they are
// those after its place, and none of them is left out.
func jobsAfter(all []fleet.Summary, q url.Values) ([]fleet.Summary, error) {
	if !q.Has("after") {
		return all, nil
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(q.Get("after"))
	if err != nil || json.Unmarshal(text, &c) != nil || c.Job == "" {
		return nil, invalid("after is %q; want what a list called next", shortened(q.Get("after")))
	}
	key := autoscaler.JobKey{Cluster: c.Cluster, Job: flink.JobID(c.Job)}
	if key.Cluster == Unnamed {
		key.Cluster = ""
	}
	if at := slices.IndexFunc(all, func(s fleet.Summary) bool { return s.Key == key }); at >= 0 {
		return all[at+1:], nil
	}
	at := slices.IndexFunc(all, func(s fleet.Summary) bool {
		return cmp.Or(cmp.Compare(s.Key.Cluster, key.Cluster), cmp.Compare(s.Name, c.Name), cmp.Compare(s.Key.Job, key.Job)) > 0
	})
	if at < 0 {
		at = len(all)
	}
	return all[at:], nil
}

// states are those that a job can be in.
var states = []fleet.State{
	fleet.Steady, fleet.Filling, fleet.Scaling, fleet.CatchingUp, fleet.Waiting, fleet.Paused, fleet.Blocked, fleet.NotScalable, fleet.NotRunning, fleet.Away, fleet.Failed, fleet.Doubtful, fleet.Unknown,
}

// jobFilter tells which jobs are asked for.
type jobFilter struct {
	words          []string
	state, cluster string
}

const longestWords = 1000

func filterOf(q url.Values) (jobFilter, error) {
	f := jobFilter{strings.Fields(strings.ToLower(q.Get("q"))), q.Get("state"), q.Get("cluster")}
	switch n := utf8.RuneCountInString(q.Get("q")); {
	case n > longestWords:
		return f, invalid("q has %d characters; want at most %d", n, longestWords)
	case q.Has("state") && !slices.Contains(states, fleet.State(f.state)):
		return f, invalid("state is %q; want one of %s", shortened(f.state), strings.Join(texts(states), ", "))
	case q.Has("cluster") && f.cluster == "":
		return f, invalid("cluster is empty; want the name of a cluster, - for the one without a name")
	}
	return f, nil
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

func (f *jobFilter) fits(v *jobView) bool {
	if f.state != "" && string(v.State) != f.state || f.cluster != "" && v.Cluster != f.cluster {
		return false
	}
	text := strings.ToLower(v.Cluster + " " + v.Name + " " + v.Job)
	return !slices.ContainsFunc(f.words, func(w string) bool { return !strings.Contains(text, w) })
}

// jobs lists the jobs, by cluster, name and id.
func (d *Dashboard) jobs(r *http.Request) (any, error) {
	q := r.URL.Query()
	filter, err := filterOf(q)
	if err != nil {
		return nil, err
	}
	most, err := count(q, "limit", defaultListed, mostListed)
	if err != nil {
		return nil, err
	}
	all := d.cfg.Book.Jobs()
	rest, err := jobsAfter(all, q)
	if err != nil {
		return nil, err
	}
	views, total := []jobView{}, 0
	var next *string
	for i, s := range all {
		v := d.viewOf(s)
		if !filter.fits(&v) {
			continue
		}
		switch total++; {
		case i < len(all)-len(rest):
		case len(views) < most:
			views = append(views, v)
		case next == nil:
			next = cursorOf(&views[most-1])
		}
	}
	return map[string]any{"jobs": views, "total": total, "next": next, "hold": d.holdOnAll()}, nil
}
