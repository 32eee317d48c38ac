package realflink

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// startZooKeeper runs the quorum peer that Flink brings along, alone, and waits until it listens.
func (c *Cluster) startZooKeeper(ctx context.Context) (err error) {
	conf := filepath.Join(c.dir, "conf", "zoo.cfg")
	content := fmt.Sprintf("tickTime=500\ndataDir=%s\nclientPort=%d\nclientPortAddress=%s\nadmin.enableServer=false\n",
		filepath.Join(c.dir, "zookeeper"), c.zkPort, loopback)
	if err := os.WriteFile(conf, []byte(content), 0o644); err != nil {
		return err
	}
	p := c.program("zookeeper", "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer")
	p.args = []string{"--zkConfigFile", conf, "--peerId", "1"}
	p.memory = append(p.memory, "-Xms32m", "-Xmx64m")
	if c.zk, err = launch(c.dir, p, c.cfg.Detached); err != nil {
		return err
	}
	return waitListening(ctx, c.zk, c.zkPort)
}

func waitListening(ctx context.Context, p *process, port int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return waitFor(ctx, p.name, []*process{p}, func() (bool, error) {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			return false, err
		}
		return true, conn.Close()
	})
}
