package realflink

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// artifact is a jar in Maven Central, with what it depends on.
type artifact struct{ group, name, version string }

// kafkaConnectors are the connector releases that run on each Flink version.
var kafkaConnectors = map[string]artifact{
	Flink23:  {"org.apache.flink", "flink-connector-kafka", "5.0.0-2.2"},
	Flink120: {"org.apache.flink", "flink-connector-kafka", "3.4.0-1.20"},
}

// kafkaBroker is the broker release, and logging is what it writes its log with.
var (
	kafkaBroker  = artifact{"org.apache.kafka", "kafka_2.13", "4.1.0"}
	kafkaLogging = artifact{"org.slf4j", "slf4j-simple", "1.7.36"}
)

// InstallKafka puts a Kafka broker with all it needs into the cache and returns the folder of its jars.
func InstallKafka(ctx context.Context) (libDir string, err error) {
	return mavenJars(ctx, "kafka-"+kafkaBroker.version, kafkaBroker, kafkaLogging)
}

// InstallKafkaConnector puts the Kafka connector for a Flink version into the cache and returns the folder of its jars,
// the Kafka client among them. It fails for a version that we know no connector for.
func InstallKafkaConnector(ctx context.Context, flinkVersion string) (libDir string, err error) {
	a, ok := kafkaConnectors[flinkVersion]
	if !ok {
		return "", fmt.Errorf("no kafka connector is known for Flink %s", flinkVersion)
	}
	return mavenJars(ctx, "flink-connector-kafka-"+a.version, a)
}

// InstallJDBC puts the JDBC drivers of PostgreSQL and MariaDB into the cache and returns the folder of their jars.
func InstallJDBC(ctx context.Context) (libDir string, err error) {
	return mavenJars(ctx, "jdbc-drivers", artifact{"org.postgresql", "postgresql", "42.7.4"}, artifact{"org.mariadb.jdbc", "mariadb-java-client", "3.4.1"})
}

func mavenJars(ctx context.Context, name string, wanted ...artifact) (string, error) {
	return cached(ctx, name, func(dir string) error {
		pom := filepath.Join(dir, "pom.xml")
		if err := os.WriteFile(pom, []byte(pomOf(wanted)), 0o644); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "--file", pom,
			"dependency:copy-dependencies", "-DoutputDirectory="+dir, "-DincludeScope=runtime")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("mvn dependency:copy-dependencies: %w: %s", err, lastLines(out, 8))
		}
		return nil
	})
}

func pomOf(wanted []artifact) string {
	var b strings.Builder
	b.WriteString(`<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
`)
	for _, a := range wanted {
		fmt.Fprintf(&b, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n",
			a.group, a.name, a.version)
	}
	b.WriteString("</dependencies></project>\n")
	return b.String()
}
