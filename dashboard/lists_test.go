package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
)

// manyJobs has jobs of the names in two clusters.
func manyJobs(t testing.TB, names []string) *fleet.Book {
	t.Helper()
	b := fleet.NewBook(func() time.Time { return began })
	for i, name := range names {
		key := autoscaler.JobKey{Cluster: []string{"", "prod"}[i%2], Job: flink.JobID(fmt.Sprintf("%04x", i))}
		if err := b.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: name}, report(key, name, began, 1000, 2)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

type jobPage struct {
	Jobs []struct {
		Cluster, Job, Name string
	} `json:"jobs"`
	Total int     `json:"total"`
	Next  *string `json:"next"`
}

func pageOf(t testing.TB, h http.Handler, query url.Values) jobPage {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/jobs?"+query.Encode(), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %.300s", query.Encode(), w.Code, w.Body)
	}
	var p jobPage
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// Pages together are the list: nothing is twice, nothing is left out, whatever the
// names, and whatever job of them ends meanwhile.
func TestPagesTogetherAreTheWholeList(t *testing.T) {
	names := []string{"a", "b", "", strings.Repeat("long ", 500), strings.Repeat("long ", 500) + "too", "ä\x00<b>", "a"}
	rapid.Check(t, func(r *rapid.T) {
		book := manyJobs(t, rapid.SliceOfN(rapid.SampledFrom(names), 0, 20).Draw(r, "names"))
		h := newDashboard(t, Config{Book: book})
		limit := rapid.IntRange(1, 8).Draw(r, "limit")
		gone := rapid.IntRange(-1, 12).Draw(r, "the job at which one ends")
		query := url.Values{"limit": {fmt.Sprint(limit)}}
		if word := rapid.SampledFrom([]string{"", "a", "long"}).Draw(r, "q"); word != "" {
			query.Set("q", word)
		}
		whole := pageOf(t, h, url.Values{"q": {query.Get("q")}})
		var want, got []string
		for _, j := range whole.Jobs {
			want = append(want, j.Cluster+"/"+j.Job)
		}
		for {
			p := pageOf(t, h, query)
			if len(p.Jobs) > limit || p.Next != nil && len(p.Jobs) != limit {
				r.Fatalf("a page has %d jobs of at most %d, next %v", len(p.Jobs), limit, p.Next)
			}
			for _, j := range p.Jobs {
				got = append(got, j.Cluster+"/"+j.Job)
			}
			if p.Next == nil {
				break
			}
			query.Set("after", *p.Next)
			if last := p.Jobs[len(p.Jobs)-1]; gone >= 0 && len(got) > gone && len(last.Name) <= longestCursorName {
				key := autoscaler.JobKey{Cluster: strings.TrimSuffix(last.Cluster, Unnamed), Job: flink.JobID(last.Job)}
				book.Forget(key) // it was listed already
				gone = -1
			}
		}
		if whole.Total != len(want) || !slices.Equal(want, got) {
			r.Fatalf("the pages hold %q; the whole list of %d %q", got, whole.Total, want)
		}
	})
}

func TestAListIsNoLongerThanAsked(t *testing.T) {
	const most = 1000 // as in the contract
	book := fleet.NewBook(func() time.Time { return began })
	for i := range most + 1 { // a failure makes a job known, and costs little
		job := &autoscaler.JobContext{Key: autoscaler.JobKey{Job: flink.JobID(fmt.Sprintf("%04x", i))}}
		if err := book.Handle(t.Context(), job, autoscaler.Event{At: began, Reason: autoscaler.EventAutoscalerError}); err != nil {
			t.Fatal(err)
		}
	}
	h := newDashboard(t, Config{Book: book})
	p := pageOf(t, h, nil)
	if len(p.Jobs) != most || p.Total != most+1 || p.Next == nil {
		t.Errorf("%d jobs of %d, next %v", len(p.Jobs), p.Total, p.Next)
	}
	if p = pageOf(t, h, url.Values{"after": {*p.Next}}); len(p.Jobs) != 1 || p.Next != nil {
		t.Errorf("the last page has %d jobs, next %v", len(p.Jobs), p.Next)
	}
	if p = pageOf(t, h, url.Values{"after": {*cursorOf(&jobView{Cluster: "z", Job: "gone"})}}); len(p.Jobs) != 0 || p.Next != nil {
		t.Errorf("after all others come %d jobs, next %v", len(p.Jobs), p.Next)
	}
}
