package realflink

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A JVM is not needed to see that signals arrive: any process will do.
func TestTaskManagersAreFrozenThawedStoppedAndKilled(t *testing.T) {
	c := clusterOfSleepers(t, "tm1", "tm2")
	if err := c.FreezeTaskManager("tm1"); err != nil {
		t.Fatal(err)
	}
	waitForState(t, c.tms["tm1"].pid, "T")
	if err := c.ThawTaskManager("tm1"); err != nil {
		t.Fatal(err)
	}
	waitForState(t, c.tms["tm1"].pid, "S")

	stopped, killed := c.tms["tm1"], c.tms["tm2"]
	if err := c.StopTaskManager("tm1"); err != nil {
		t.Fatal(err)
	}
	<-stopped.done
	if !strings.Contains(stopped.err.Error(), "terminated") {
		t.Errorf("a TaskManager that was told to end: %v", stopped.err)
	}
	if err := c.KillTaskManager("tm2"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(killed.err.Error(), "killed") {
		t.Errorf("a TaskManager that was killed: %v", killed.err)
	}
	for name, act := range map[string]func(string) error{
		"freeze": c.FreezeTaskManager, "thaw": c.ThawTaskManager, "stop": c.StopTaskManager, "kill": c.KillTaskManager,
	} {
		if err := act("tm1"); err == nil || !strings.Contains(err.Error(), name+" TaskManager tm1: there is none") {
			t.Errorf("%s one that is gone: %v", name, err)
		}
	}
}

func TestAFrozenTaskManagerDoesNotOutliveItsCluster(t *testing.T) {
	c := clusterOfSleepers(t, "tm1", "tm2")
	frozen, leaving := c.tms["tm1"], c.tms["tm2"]
	if err := c.FreezeTaskManager("tm1"); err != nil {
		t.Fatal(err)
	}
	if err := c.StopTaskManager("tm2"); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if frozen.running() || leaving.running() {
		t.Error("a TaskManager outlives its cluster")
	}
}

func TestANameIsGivenToOneTaskManagerAtATime(t *testing.T) {
	c := clusterOfSleepers(t, "tm1")
	if err := c.StartTaskManager("tm1", 2); err == nil || !strings.Contains(err.Error(), "there is one of that name") {
		t.Errorf("a second tm1: %v", err)
	}
}

// clusterOfSleepers has processes that only wait in the place of TaskManagers.
func clusterOfSleepers(t *testing.T, names ...string) *Cluster {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "java")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\nexec sleep 600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &Cluster{dir: dir, tms: map[string]*process{}, http: newHTTPClient()}
	for _, name := range names {
		if err := c.StartTaskManager(name, 2); err != nil {
			t.Fatal(err)
		}
		waitForState(t, c.tms[name].pid, "S")
	}
	t.Cleanup(c.kill)
	return c
}

// waitForState waits for the state that the kernel gives a process: S for one that sleeps, T for one that is stopped.
func waitForState(t *testing.T, pid int, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	file := filepath.Join("/proc", strconv.Itoa(pid), "status")
	err := poll(ctx, 10*time.Millisecond, func() (bool, error) {
		b, err := os.ReadFile(file)
		return strings.Contains(string(b), "State:\t"+want) && strings.Contains(string(b), "Name:\tsleep"), err
	})
	if err != nil {
		t.Fatalf("process %d does not come into state %s: %v", pid, want, err)
	}
}
