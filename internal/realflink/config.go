package realflink

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How long a wait may take by itself, and how often it looks. A caller's context can end it sooner.
const (
	startTimeout = 3 * time.Minute
	pollEvery    = 100 * time.Millisecond
)

// ClusterConfig says what to start. The zero value is a session cluster of Flink 2.3.0 with the adaptive scheduler and
// one TaskManager of four slots.
type ClusterConfig struct {
	// Version is one that Install knows; 2.3.0 if empty.
	Version string
	// TaskManagers to start with: 1 if 0, none if negative. They are called tm1, tm2, ….
	TaskManagers int
	// Slots of each TaskManager; 4 if 0.
	Slots int
	// Scheduler is jobmanager.scheduler: "adaptive" if empty, "default" for the one that cannot rescale.
	Scheduler string
	// Application, if set, makes this an application cluster that runs the job and nothing else.
	Application *JobSpec
	// Reactive switches Reactive Mode on; it needs an Application.
	Reactive bool
	// HA starts a ZooKeeper and lets a restarted JobManager find its jobs there.
	HA bool
	// Options are Flink options that come on top of ours, and may replace them; an empty value takes one of ours out.
	Options map[string]string
	// Debug names loggers (packages or classes of Flink) whose debug lines go to the logs too.
	Debug []string
	// JobManagerFlags go to the JobManager's JVM too, such as an agent's.
	JobManagerFlags []string
	// Dir is where configuration, logs and checkpoints go; a temporary folder, removed by Stop, if empty.
	Dir string
	// Detached lets the cluster live on when this process ends.
	Detached bool
}

func (c ClusterConfig) withDefaults() (ClusterConfig, error) {
	if c.Version == "" {
		c.Version = Flink23
	}
	if c.TaskManagers == 0 {
		c.TaskManagers = 1
	}
	if c.Slots == 0 {
		c.Slots = 4
	}
	if c.Scheduler == "" {
		c.Scheduler = "adaptive"
	}
	switch {
	case c.Reactive && c.Application == nil:
		return c, errors.New("start a cluster: Reactive Mode needs an Application")
	case c.Application != nil && c.Application.Topic != nil:
		return c, errors.New("start a cluster: a job that reads a topic needs a session cluster")
	}
	return c, nil
}

// flinkOptions is the whole configuration: everything on loopback, sizes that Flink's scripts would have worked out
// (jvm-overhead min must equal max), and times that suit a test.
func (c *Cluster) flinkOptions() map[string]string {
	files := "file://" + filepath.ToSlash(c.dir)
	o := map[string]string{
		"jobmanager.rpc.address":                loopback,
		"jobmanager.rpc.port":                   strconv.Itoa(c.rpcPort),
		"jobmanager.bind-host":                  loopback,
		"rest.address":                          loopback,
		"rest.bind-address":                     loopback,
		"rest.port":                             strconv.Itoa(c.restPort),
		"rest.bind-port":                        strconv.Itoa(c.restPort),
		"taskmanager.host":                      loopback,
		"taskmanager.bind-host":                 loopback,
		"io.tmp.dirs":                           filepath.Join(c.dir, "tmp"),
		"web.tmpdir":                            filepath.Join(c.dir, "tmp"),
		"state.checkpoints.dir":                 files + "/checkpoints", // before 2.0
		"state.savepoints.dir":                  files + "/savepoints",
		"execution.checkpointing.dir":           files + "/checkpoints", // from 2.0 on
		"execution.checkpointing.savepoint-dir": files + "/savepoints",
		"execution.checkpointing.interval":      "5s",

		"jobmanager.scheduler":                             c.cfg.Scheduler,
		"taskmanager.numberOfTaskSlots":                    strconv.Itoa(c.cfg.Slots),
		"taskmanager.cpu.cores":                            strconv.Itoa(c.cfg.Slots) + ".0",
		"taskmanager.memory.framework.heap.size":           "64mb",
		"taskmanager.memory.framework.off-heap.size":       "64mb",
		"taskmanager.memory.task.heap.size":                "256mb",
		"taskmanager.memory.task.off-heap.size":            "0mb",
		"taskmanager.memory.managed.size":                  "64mb",
		"taskmanager.memory.network.min":                   "64mb",
		"taskmanager.memory.network.max":                   "64mb",
		"taskmanager.memory.jvm-metaspace.size":            "160mb",
		"taskmanager.memory.jvm-overhead.min":              "64mb",
		"taskmanager.memory.jvm-overhead.max":              "64mb",
		"jobmanager.memory.enable-jvm-direct-memory-limit": "false",

		"metrics.fetcher.update-interval":             "2000",
		"web.refresh-interval":                        "1000",
		"web.adaptive-scheduler.rescale-history.size": "50",
		"heartbeat.interval":                          "2000",
		"heartbeat.timeout":                           "20000",
		"restart-strategy.type":                       "fixed-delay",
		"restart-strategy.fixed-delay.attempts":       "1000000",
		"restart-strategy.fixed-delay.delay":          "1s",
		// the same three before 2.0 and after
		"jobmanager.adaptive-scheduler.scaling-interval.min":                      "5s",
		"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling":        "5s",
		"jobmanager.adaptive-scheduler.resource-stabilization-timeout":            "1s",
		"jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout":  "2s",
		"jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout": "1s",
	}
	if c.cfg.Reactive {
		o["scheduler-mode"] = "reactive"
	}
	if c.cfg.HA {
		maps.Copy(o, c.haOptions(files))
	}
	if app := c.cfg.Application; app != nil {
		o["parallelism.default"] = strconv.Itoa(max(1, app.Parallelism))
		maps.Copy(o, app.Config)
	}
	maps.Copy(o, c.cfg.Options)
	maps.DeleteFunc(o, func(_, value string) bool { return value == "" })
	return o
}

func (c *Cluster) haOptions(files string) map[string]string {
	return map[string]string{
		"high-availability.type":                             "zookeeper",
		"high-availability.zookeeper.quorum":                 fmt.Sprintf("%s:%d", loopback, c.zkPort),
		"high-availability.zookeeper.path.root":              "/flink",
		"high-availability.cluster-id":                       "/test",
		"high-availability.storageDir":                       files + "/ha",
		"high-availability.jobmanager.port":                  strconv.Itoa(c.rpcPort),
		"high-availability.zookeeper.client.session-timeout": "4000",
	}
}

// configFile renders the options: YAML strings, or, for the file that Flink read before 1.19, plain "key: value" lines.
func configFile(version string, options map[string]string) (name, content string) {
	old := strings.HasPrefix(version, "1.17.") || strings.HasPrefix(version, "1.18.")
	var b strings.Builder
	for _, k := range sortedKeys(options) {
		if old {
			fmt.Fprintf(&b, "%s: %s\n", k, options[k])
		} else {
			fmt.Fprintf(&b, "%s: %q\n", k, options[k])
		}
	}
	if old {
		return "flink-conf.yaml", b.String()
	}
	return "config.yaml", b.String()
}

// logging is log4j's configuration.
func logging(debug []string) string {
	var b strings.Builder
	b.WriteString(logConfig)
	for i, name := range debug {
		fmt.Fprintf(&b, "logger.debug%d.name = %s\nlogger.debug%d.level = DEBUG\n", i, name, i)
	}
	return b.String()
}

const logConfig = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss,SSS} %-5p %-40c{1.} %m%n
`
