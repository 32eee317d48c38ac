package twinlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/internal/recording"
)

// Facts are what a real run was beside what REST says of it.
type Facts struct {
	Scenario, Version string
	// Recording is where the exchanges are, from the folder of the session, if not beside these facts.
	Recording string      `json:",omitempty"`
	Start     time.Time   // of the watching or the autoscaler
	Submitted []time.Time // each job
	Loads     [][]RateAt  // of each job, as its source saw them
	Jobs      []flink.JobID
}

// RateAt is a rate in records/s from a moment on.
type RateAt struct {
	At   time.Time
	Rate float64
}

// Perform carries a scenario out on a new cluster and writes what there was to see to two files in dir: the exchanges
// NAME-VERSION.jsonl.gz, and the facts NAME-VERSION.json. The sluice is the command to run where one is to be at work.
func Perform(ctx context.Context, s Scenario, sluice, dir string) (err error) {
	p := &performance{scenario: s, dir: dir, facts: Facts{Scenario: s.Name, Version: s.Version}}
	defer func() { err = errors.Join(err, p.end()) }()
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("perform %s on %s: %w", s.Name, s.Version, err)
	}
	if err := p.watch(ctx, sluice); err != nil {
		return fmt.Errorf("perform %s on %s: %w", s.Name, s.Version, err)
	}
	return p.write()
}

type performance struct {
	scenario Scenario
	dir      string
	facts    Facts
	ends     []func() error

	cluster *realflink.Cluster
	jobs    []*realflink.Job
	set     []func(float64) error
}

func (p *performance) end() error {
	var err error
	for i := len(p.ends) - 1; i >= 0; i-- {
		err = errors.Join(err, p.ends[i]())
	}
	return err
}

// start brings up the cluster and its jobs.
func (p *performance) start(ctx context.Context) error {
	s := p.scenario
	if err := p.fill(ctx); err != nil {
		return err
	}
	cluster, err := realflink.Start(ctx, realflink.ClusterConfig{
		Version: s.Version, TaskManagers: s.TaskManagers, Slots: s.Slots, Options: s.Options,
	})
	if err != nil {
		return err
	}
	p.cluster = cluster
	p.ends = append(p.ends, cluster.Stop)
	if err := p.settle(ctx); err != nil {
		return err
	}
	for i := range s.Jobs {
		job, err := cluster.Submit(ctx, s.Jobs[i].Spec)
		if err != nil {
			return err
		}
		p.jobs = append(p.jobs, job)
		p.facts.Submitted = append(p.facts.Submitted, time.Now())
		p.facts.Jobs = append(p.facts.Jobs, flink.JobID(job.ID))
		if err := job.WaitRunning(ctx); err != nil {
			return err
		}
		if s.Jobs[i].Spec.Topic == nil {
			p.set[i] = job.SetRate
		}
	}
	return sleep(ctx, s.Quiet)
}

// fill starts the producers of topics.
func (p *performance) fill(ctx context.Context) error {
	p.set = make([]func(float64) error, len(p.scenario.Jobs))
	p.facts.Loads = make([][]RateAt, len(p.scenario.Jobs))
	var kafka *realflink.Kafka
	for i, j := range p.scenario.Jobs {
		if j.Spec.Topic == nil {
			continue
		}
		if kafka == nil {
			var err error
			if kafka, err = realflink.StartKafka(ctx); err != nil {
				return err
			}
			p.ends = append(p.ends, kafka.Stop)
		}
		topic := *j.Spec.Topic
		topic.Brokers = kafka.Brokers
		p.scenario.Jobs[i].Spec.Topic = &topic
		p.facts.Loads[i] = append(p.facts.Loads[i], RateAt{time.Now(), j.BacklogRate})
		producer, err := kafka.Produce(ctx, topic, j.BacklogRate, 0)
		if err != nil {
			return err
		}
		p.set[i] = producer.SetRate
	}
	return nil
}

// settle waits until the backlogs are there.
func (p *performance) settle(ctx context.Context) error {
	for i, j := range p.scenario.Jobs {
		if j.Spec.Topic == nil {
			continue
		}
		if err := sleep(ctx, time.Until(p.facts.Loads[i][0].At.Add(j.Backlog))); err != nil {
			return err
		}
		if err := p.rate(i, j.Spec.Rate); err != nil {
			return err
		}
		p.scenario.Jobs[i].Spec.Rate = 0
	}
	return nil
}

func (p *performance) rate(job int, perSecond float64) error {
	err := p.set[job](perSecond)
	p.facts.Loads[job] = append(p.facts.Loads[job], RateAt{time.Now(), perSecond})
	return err
}

// watch lets the autoscaler work, or looks by itself, while the loads go on.
func (p *performance) watch(ctx context.Context, sluice string) error {
	ctx, cancel := context.WithTimeout(ctx, p.scenario.Length)
	defer cancel()
	file := filepath.Join(p.dir, p.name()+".jsonl.gz")
	side, err := os.Create(filepath.Join(p.dir, p.name()+"-side.jsonl.gz"))
	if err != nil {
		return err
	}
	writer := recording.NewWriter(side)
	p.facts.Start = time.Now()
	var all sync.WaitGroup
	failed := make([]error, 2)
	all.Go(func() { failed[0] = p.loads(ctx) })
	all.Go(func() { p.look(ctx, writer) })
	if p.scenario.Settings != nil {
		all.Go(func() { failed[1] = p.run(ctx, sluice, file) })
	}
	all.Wait()
	return errors.Join(failed[0], failed[1], writer.Close(), side.Close())
}

func (p *performance) name() string { return p.scenario.Name + "-" + p.scenario.Version }

// loads changes the rates when it is time.
func (p *performance) loads(ctx context.Context) error {
	var all sync.WaitGroup
	failed := make([]error, len(p.scenario.Jobs))
	for i, j := range p.scenario.Jobs {
		all.Go(func() {
			for _, level := range j.Load {
				if sleep(ctx, time.Until(p.facts.Start.Add(level.At))) != nil {
					return
				}
				if err := p.rate(i, level.Rate); err != nil {
					failed[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// run lets sluice work until the end.
func (p *performance) run(ctx context.Context, sluice, file string) error {
	args := []string{"run", "--flink", p.cluster.URL(), "--record", file}
	for k, v := range p.scenario.Settings {
		args = append(args, "-D", k+"="+v)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, sluice, args...)
	cmd.Stderr = &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Run(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("sluice run: %w: %s", err, log.String())
	}
	return nil
}

// write keeps the facts.
func (p *performance) write() error {
	for i, job := range p.jobs {
		if p.scenario.Jobs[i].Spec.Topic != nil {
			continue
		}
		var err error
		if p.facts.Loads[i], err = readRates(job.RateFile()); err != nil {
			return err
		}
	}
	if err := join(p.dir, p.name()); err != nil {
		return err
	}
	out, err := json.MarshalIndent(p.facts, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, p.name()+".json"), append(out, '\n'), 0o644)
}

// join makes one file of what sluice recorded and what was recorded beside it.
func join(dir, name string) error {
	whole, side := filepath.Join(dir, name+".jsonl.gz"), filepath.Join(dir, name+"-side.jsonl.gz")
	all, err := merged(whole, side)
	if err != nil {
		return err
	}
	file, err := os.Create(whole)
	if err != nil {
		return err
	}
	if err := errors.Join(recording.Write(file, all), file.Close()); err != nil {
		return err
	}
	return os.Remove(side)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
