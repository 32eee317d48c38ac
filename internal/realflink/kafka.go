package realflink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Kafka is a broker on loopback.
type Kafka struct {
	// Brokers is the address for clients.
	Brokers string

	dir       string
	jars      []string
	broker    *process
	producers []*process
}

// Topic is where a producer writes and a job reads.
type Topic struct {
	Brokers    string
	Name       string
	Partitions int // 12 if 0
}

// Producer fills a topic at a rate that can be changed.
type Producer struct {
	proc *process
	rate *rateFile
}

const kafkaProperties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.enable=false
`

// StartKafka starts a broker of one node and returns when it listens. Stop must be called.
func StartKafka(ctx context.Context) (*Kafka, error) {
	lib, err := InstallKafka(ctx)
	if err != nil {
		return nil, err
	}
	k := &Kafka{}
	if k.jars, err = jarsIn(lib); err != nil {
		return nil, err
	}
	if k.dir, err = os.MkdirTemp("", "sluice-kafka-"); err != nil {
		return nil, err
	}
	if err := k.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start Kafka: %w", err), k.Stop())
	}
	return k, nil
}

func (k *Kafka) start(ctx context.Context) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	k.Brokers = fmt.Sprintf("%s:%d", loopback, ports[0])
	properties := filepath.Join(k.dir, "server.properties")
	content := fmt.Sprintf(kafkaProperties, ports[0], ports[1], filepath.Join(k.dir, "data"))
	err = errors.Join(
		os.WriteFile(properties, []byte(content), 0o644),
		os.Mkdir(filepath.Join(k.dir, "log"), 0o755),
		os.Mkdir(filepath.Join(k.dir, "tmp"), 0o755))
	if err != nil {
		return err
	}
	format, err := launch(k.dir, k.program("format", "kafka.tools.StorageTool",
		"format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties), false)
	if err != nil {
		return err
	}
	<-format.done
	if format.err != nil {
		return format.died()
	}
	if k.broker, err = launch(k.dir, k.program("broker", "kafka.Kafka", properties), false); err != nil {
		return err
	}
	return waitListening(ctx, k.broker, ports[0])
}

func (k *Kafka) program(name, main string, args ...string) program {
	return program{
		name:      name,
		memory:    []string{"-Xms64m", "-Xmx256m", "-Dkafka.logs.dir=" + k.dir},
		classpath: k.jars,
		main:      main,
		args:      args,
	}
}

// Produce creates the topic if it is not there and fills it, at the given rate in records/s until SetRate changes it. The
// records are keys as the load job's source makes them, of which hotShare are one key. It returns when the topic exists.
func (k *Kafka) Produce(ctx context.Context, topic Topic, perSecond, hotShare float64) (*Producer, error) {
	lib, err := Install(ctx, Flink23)
	if err != nil {
		return nil, err
	}
	connector, err := InstallKafkaConnector(ctx, Flink23)
	if err != nil {
		return nil, err
	}
	jobs, err := BuildKafkaJobs(ctx, lib, Flink23)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("producer%d", len(k.producers)+1)
	rate := &rateFile{path: filepath.Join(k.dir, name+".rate")}
	if err := rate.add(perSecond); err != nil {
		return nil, err
	}
	p := k.program(name, "sluice.load.kafka.Produce", "--brokers", k.Brokers, "--topic", topic.Name,
		"--partitions", strconv.Itoa(topic.partitions()), "--rate-file", rate.path, "--hot-share", decimal(hotShare))
	p.classpath = []string{jobs, filepath.Join(connector, "*"), filepath.Join(lib, "*")}
	proc, err := launch(k.dir, p, false)
	if err != nil {
		return nil, err
	}
	k.producers = append(k.producers, proc)
	err = waitFor(ctx, "the producer", []*process{k.broker, proc}, func() (bool, error) {
		log, err := os.ReadFile(proc.log)
		return strings.Contains(string(log), "producing"), err
	})
	return &Producer{proc: proc, rate: rate}, err
}

// SetRate changes the rate, in records/s, from this moment on.
func (p *Producer) SetRate(perSecond float64) error { return p.rate.add(perSecond) }

// Stop ends it; what was sent stays in the topic.
func (p *Producer) Stop() { p.proc.kill() }

// Stop kills the producers and the broker and removes their data.
func (k *Kafka) Stop() error {
	for _, p := range k.producers {
		p.kill()
	}
	if k.broker != nil {
		k.broker.kill()
	}
	return os.RemoveAll(k.dir)
}

func (t Topic) partitions() int {
	if t.Partitions == 0 {
		return 12
	}
	return t.Partitions
}
