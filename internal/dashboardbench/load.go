package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// request is one of those that programs make, with how many of a hundred they are.
type request struct {
	name, path string
	share      int
}

// mix is what a hundred requests are; JOB stands for one job after the other. Most
// look at single jobs; lists are asked for a page at a time, and now and then whole.
var mix = []request{
	{"a job", "/jobs/JOB", 30},
	{"the past half hour of a job", "/jobs/JOB/series?points=400", 20},
	{"decisions of a job", "/jobs/JOB/decisions?limit=20", 15},
	{"events of a job", "/jobs/JOB/events?limit=50", 10},
	{"options of a job", "/jobs/JOB/config", 5},
	{"200 events", "/events", 5},
	{"50 jobs", "/jobs?limit=50", 10},
	{"the clusters", "/clusters", 4},
	{"all jobs", "/jobs", 1},
}

// asks are the requests of one kind: how long each took to the last byte.
type asks struct {
	request
	took  []time.Duration
	bytes int64
}

// askAll asks at a steady rate until ctx ends, whether earlier answers have come or
// not.
func askAll(ctx context.Context, url string, rate int) ([]asks, error) {
	jobs, err := jobPaths(ctx, url)
	if err != nil {
		return nil, err
	}
	all := make([]asks, len(mix))
	order := []int{}
	for i, m := range mix {
		all[i].request = m
		for range m.share {
			order = append(order, i)
		}
	}
	var (
		lock    sync.Mutex
		failure error
		under   sync.WaitGroup
	)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 30 * time.Second}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			under.Wait()
			return all, failure
		case <-tick.C:
		}
		kind := order[n*37%len(order)] // 37 and 100 have no common factor: each once in a hundred
		path := strings.Replace(mix[kind].path, "/jobs/JOB", jobs[n%len(jobs)], 1)
		under.Go(func() {
			began := time.Now()
			size, err := ask(context.WithoutCancel(ctx), client, url, path)
			lock.Lock()
			defer lock.Unlock()
			all[kind].took = append(all[kind].took, time.Since(began))
			all[kind].bytes += size
			if err != nil {
				failure = err
			}
		})
	}
}

// ask takes an answer to its end.
func ask(ctx context.Context, client *http.Client, url, path string) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1"+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Accept-Encoding", "gzip") // as browsers do; it is not unpacked
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return size, err
}

func jobPaths(ctx context.Context, url string) ([]string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/jobs?limit=5000", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Jobs []struct{ Cluster, Job string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	var paths []string
	for _, j := range answer.Jobs {
		paths = append(paths, "/jobs/"+j.Cluster+"/"+j.Job)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s knows no job", url)
	}
	return paths, nil
}

func merged(before, more []asks) []asks {
	if before == nil {
		return more
	}
	for i := range more {
		before[i].took = append(before[i].took, more[i].took...)
		before[i].bytes += more[i].bytes
	}
	return before
}

// traffic is what one open page asks for.
type traffic struct {
	lists int
	bytes int64
	time  time.Duration
}

// The page's own times: how long it lets news wait for each job that it shows, and
// how often it asks without news.
const (
	paceOfJob = 9 * time.Millisecond
	paceLeast = 250 * time.Millisecond
	paceMost  = 15 * time.Second
	askAlways = 5 * time.Second
)

// watch does what an open fleet page does: it listens for news, and lists all jobs
// when there is some, after a while.
func (t *traffic) watch(ctx context.Context, url string) error {
	began := time.Now()
	defer func() { t.time += time.Since(began) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/events/stream", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	jobs, err := jobPaths(ctx, url)
	if err != nil {
		return err
	}
	news := make(chan struct{}, 1)
	go func() {
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "event:") {
				select {
				case news <- struct{}{}:
				default:
				}
			}
		}
	}()
	pace := min(paceLeast+time.Duration(len(jobs))*paceOfJob, paceMost)
	silent := time.NewTimer(max(askAlways, 2*pace))
	defer silent.Stop()
	soon := time.NewTimer(time.Hour)
	waiting := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-news:
			if !waiting {
				waiting = true
				soon.Reset(pace)
			}
			continue
		case <-soon.C:
			waiting = false
		case <-silent.C:
		}
		silent.Reset(max(askAlways, 2*pace))
		size, err := ask(context.WithoutCancel(ctx), http.DefaultClient, url, "/jobs")
		if err != nil {
			return err
		}
		t.lists++
		t.bytes += size
	}
}
