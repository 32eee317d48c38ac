package realflink

import (
	"context"
	"fmt"
	"syscall"
)

// AddTaskManager starts one more and waits until it is registered.
func (c *Cluster) AddTaskManager(ctx context.Context) (id string, err error) {
	c.mu.Lock()
	p, err := c.launchTaskManager()
	c.mu.Unlock()
	if err != nil {
		return "", err
	}
	return p.name, c.WaitReady(ctx)
}

// StartTaskManager starts one with a name of the caller's, which must be new, and as many slots as it says. It does not
// wait until it is registered.
func (c *Cluster) StartTaskManager(name string, slots int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tms[name] != nil {
		return fmt.Errorf("start TaskManager %s: there is one of that name", name)
	}
	_, err := c.launchTaskManagerAs(name,
		"-D", fmt.Sprintf("taskmanager.numberOfTaskSlots=%d", slots), "-D", fmt.Sprintf("taskmanager.cpu.cores=%d.0", slots))
	return err
}

// StopTaskManager tells one to end (SIGTERM), and does not wait for it. It says good-bye to the JobManager.
func (c *Cluster) StopTaskManager(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.taskManager("stop", id)
	if err != nil {
		return err
	}
	delete(c.tms, id)
	c.leaving = append(c.leaving, p)
	return p.signal(syscall.SIGTERM)
}

// KillTaskManager kills one as a crash would (SIGKILL).
func (c *Cluster) KillTaskManager(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.taskManager("kill", id)
	if err != nil {
		return err
	}
	delete(c.tms, id)
	p.kill()
	return nil
}

// FreezeTaskManager lets one fall silent (SIGSTOP): its connections stay and nothing answers.
func (c *Cluster) FreezeTaskManager(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.taskManager("freeze", id)
	if err != nil {
		return err
	}
	return p.signal(syscall.SIGSTOP)
}

// ThawTaskManager lets a frozen one go on (SIGCONT).
func (c *Cluster) ThawTaskManager(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.taskManager("thaw", id)
	if err != nil {
		return err
	}
	return p.signal(syscall.SIGCONT)
}

func (c *Cluster) taskManager(what, id string) (*process, error) {
	p, ok := c.tms[id]
	if !ok {
		return nil, fmt.Errorf("%s TaskManager %s: there is none", what, id)
	}
	return p, nil
}
