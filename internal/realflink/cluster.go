package realflink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// Cluster is a running Flink cluster. Its methods may be called from several goroutines.
type Cluster struct {
	// Job is the job of an application cluster, nil in a session cluster.
	Job *Job

	cfg                       ClusterConfig
	dir                       string
	ownDir                    bool
	jars                      []string // classpath of every process
	jobsJar                   string
	restPort, rpcPort, zkPort int
	http                      *http.Client

	mu       sync.Mutex
	zk       *process
	jm       *process
	tms      map[string]*process
	leaving  []*process        // TaskManagers that were told to end
	started  int               // TaskManagers so far: none has the name of an earlier one
	uploaded map[string]string // jar path → id at the JobManager
	jobs     int
}

// Start installs what is needed, starts the cluster, and returns when its REST interface answers and every TaskManager is
// registered; an application's job need not run yet. Stop must be called, also to remove what lies on disk.
func Start(ctx context.Context, config ClusterConfig) (*Cluster, error) {
	cfg, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, tms: map[string]*process{}, http: newHTTPClient()}
	if err := c.start(ctx); err != nil {
		err = fmt.Errorf("start Flink %s: %w", cfg.Version, err)
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	lib, err := Install(ctx, c.cfg.Version)
	if err != nil {
		return err
	}
	if c.jars, err = jarsIn(lib); err != nil {
		return err
	}
	if c.jobsJar, err = BuildJobs(ctx, lib, c.cfg.Version); err != nil {
		return err
	}
	if err := c.layOut(); err != nil {
		return err
	}
	if err := c.writeConfig(); err != nil {
		return err
	}
	if c.cfg.HA {
		if err := c.startZooKeeper(ctx); err != nil {
			return err
		}
	}
	if c.cfg.Application != nil {
		if c.Job, err = c.newJob(*c.cfg.Application); err != nil {
			return err
		}
	}
	if err := c.launchJobManager(); err != nil {
		return err
	}
	for range c.cfg.TaskManagers {
		if _, err := c.launchTaskManager(); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx)
}

// layOut makes the folders and chooses the ports.
func (c *Cluster) layOut() (err error) {
	c.dir = c.cfg.Dir
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "sluice-flink-"); err != nil {
			return err
		}
		c.ownDir = true
	}
	for _, sub := range []string{"conf", "log", "tmp", "jobs"} {
		if err := os.MkdirAll(filepath.Join(c.dir, sub), 0o755); err != nil {
			return err
		}
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	c.restPort, c.rpcPort, c.zkPort = ports[0], ports[1], ports[2]
	return nil
}

func (c *Cluster) writeConfig() error {
	name, content := configFile(c.cfg.Version, c.flinkOptions())
	conf := filepath.Join(c.dir, "conf")
	return errors.Join(
		os.WriteFile(filepath.Join(conf, name), []byte(content), 0o644),
		os.WriteFile(filepath.Join(conf, "log4j.properties"), []byte(logging(c.cfg.Debug)), 0o644))
}

func (c *Cluster) launchJobManager() (err error) {
	p := c.program("jobmanager", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
		"--executionMode", "cluster")
	if c.Job != nil {
		p = c.program("jobmanager", "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint",
			append([]string{"--job-classname", c.Job.spec.mainClass(), "--job-id", c.Job.ID}, c.Job.args...)...)
		p.classpath = append(p.classpath, c.jobsJar)
	}
	p.memory = append(p.memory, "-Xms64m", "-Xmx384m", "-XX:MaxMetaspaceSize=256m")
	p.memory = append(p.memory, c.cfg.JobManagerFlags...)
	c.jm, err = launch(c.dir, p, c.cfg.Detached)
	clear(c.uploaded)
	return err
}

func (c *Cluster) launchTaskManager() (*process, error) {
	c.started++
	return c.launchTaskManagerAs(fmt.Sprintf("tm%d", c.started))
}

func (c *Cluster) launchTaskManagerAs(id string, args ...string) (*process, error) {
	p := c.program(id, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
		append([]string{"-D", "taskmanager.resource-id=" + id}, args...)...)
	p.memory = append(p.memory, "-Xms128m", "-Xmx320m", "-XX:MaxDirectMemorySize=160m", "-XX:MaxMetaspaceSize=160m")
	if c.Job != nil {
		p.classpath = append(p.classpath, c.jobsJar)
	}
	proc, err := launch(c.dir, p, c.cfg.Detached)
	if err != nil {
		return nil, err
	}
	c.tms[id] = proc
	return proc, nil
}

func (c *Cluster) program(name, main string, args ...string) program {
	conf := filepath.Join(c.dir, "conf")
	return program{
		name:      name,
		memory:    []string{"-Dlog4j2.configurationFile=file:" + filepath.Join(conf, "log4j.properties"), "-Dlog4j.configurationFile=file:" + filepath.Join(conf, "log4j.properties")},
		classpath: append([]string(nil), c.jars...),
		main:      main,
		args:      append([]string{"--configDir", conf}, args...),
	}
}

// KillJobManager kills it as a crash would (SIGKILL). The TaskManagers stay.
func (c *Cluster) KillJobManager() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jm.kill()
	c.http.CloseIdleConnections()
}

// RestartJobManager starts it again on the ports it had, and waits until it answers and the TaskManagers are back.
// Without HA its jobs are lost.
func (c *Cluster) RestartJobManager(ctx context.Context) error {
	c.mu.Lock()
	c.jm.kill()
	err := c.launchJobManager()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.WaitReady(ctx)
}

// URL is the address of the REST interface.
func (c *Cluster) URL() string { return fmt.Sprintf("http://%s:%d", loopback, c.restPort) }

// Version is the Flink version that runs.
func (c *Cluster) Version() string { return c.cfg.Version }

// Dir is the folder of configuration, logs (log/), checkpoints and savepoints.
func (c *Cluster) Dir() string { return c.dir }

// Processes are the process ids by name: jobmanager, tm1, …, zookeeper.
func (c *Cluster) Processes() map[string]int {
	pids := map[string]int{}
	for _, p := range c.processes() {
		pids[p.name] = p.pid
	}
	return pids
}

func (c *Cluster) processes() []*process {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*process
	if c.zk != nil {
		all = append(all, c.zk)
	}
	if c.jm != nil {
		all = append(all, c.jm)
	}
	for _, id := range sortedKeys(c.tms) {
		all = append(all, c.tms[id])
	}
	return all
}

// Stop kills every process, waits for their end, and removes a temporary folder.
func (c *Cluster) Stop() error {
	c.kill()
	if c.ownDir {
		return os.RemoveAll(c.dir)
	}
	return nil
}

func (c *Cluster) kill() {
	for _, p := range append(c.processes(), c.leaving...) {
		p.kill()
	}
	c.http.CloseIdleConnections()
}
