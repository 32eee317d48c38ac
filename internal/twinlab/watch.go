package twinlab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/internal/recording"
)

// look reads what the autoscaler does not. Where one is at work it asks for nothing that lets Flink fetch metrics, since
// that decides how old they are when the autoscaler asks.
func (p *performance) look(ctx context.Context, writer *recording.Writer) {
	recorder := recording.NewRecorder(&http.Transport{}, time.Now, writer)
	client := &http.Client{Transport: recorder}
	defer client.CloseIdleConnections()
	get := func(path string) []byte {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.cluster.URL()+path, nil)
		if err != nil {
			return nil
		}
		response, err := client.Do(request)
		if err != nil {
			return nil
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return body
	}
	every := p.scenario.Interval
	if p.scenario.Settings != nil {
		every = 10 * time.Second
	}
	for at := p.facts.Start; sleep(ctx, time.Until(at)) == nil; at = at.Add(every) {
		for _, job := range p.jobs {
			get("/jobs/" + job.ID + "/checkpoints")
			if p.scenario.Settings == nil {
				p.measure(get, job)
			}
		}
	}
}

// gauges are what is asked of every vertex.
const gauges = "busyTimeMsPerSecond,idleTimeMsPerSecond,backPressuredTimeMsPerSecond,numRecordsInPerSecond,numRecordsOutPerSecond,numRecordsIn,numRecordsOut"

func (p *performance) measure(get func(string) []byte, job *realflink.Job) {
	var details struct {
		Vertices []struct{ ID, Name string }
	}
	if json.Unmarshal(get("/jobs/"+job.ID), &details) != nil {
		return
	}
	for _, v := range details.Vertices {
		get("/jobs/" + job.ID + "/vertices/" + v.ID + "/subtasks/metrics?agg=avg,sum&get=" + gauges)
	}
}

// readRates reads a file of epochMillis=rate lines.
func readRates(file string) ([]RateAt, error) {
	all, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rates []RateAt
	for line := range strings.Lines(string(all)) {
		at, rate, _ := strings.Cut(strings.TrimSpace(line), "=")
		millis, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read rates: %w", err)
		}
		r, err := strconv.ParseFloat(rate, 64)
		if err != nil {
			return nil, fmt.Errorf("read rates: %w", err)
		}
		rates = append(rates, RateAt{time.UnixMilli(millis).UTC(), r})
	}
	return rates, nil
}
