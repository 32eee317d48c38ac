package javaclient

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
)

//go:embed java
var sources embed.FS

// Client is a JVM that asks a cluster. It answers one question at a time.
type Client struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errors  bytes.Buffer // what the JVM complained of
	ended   sync.Once
	end     error
}

// Failure is what a Java client threw.
type Failure struct {
	// Status is that of HTTP, 0 if the cluster did not answer or was not understood.
	Status int `json:"status"`
	// Causes are the exceptions, outermost first: class and message.
	Causes []string `json:"causes"`
}

// Error is the chain of the exceptions.
func (f *Failure) Error() string { return strings.Join(f.Causes, " / ") }

// Start starts Flink's own REST client of a version against a cluster at an address,
// such as 127.0.0.1:8081. It ends with the context. The first time it is downloaded
// and compiled, which takes up to a minute.
func Start(ctx context.Context, version, address string) (*Client, error) {
	lib, err := realflink.InstallClient(ctx, version)
	if err != nil {
		return nil, err
	}
	return start(ctx, "client-"+version, []string{lib}, "sluice.client.Ask", address, "java")
}

// StartCollector starts the metric collector of Flink's own autoscaler, with the REST
// client of the version of Flink that it was made for.
func StartCollector(ctx context.Context, address string) (*Client, error) {
	autoscaler, err := realflink.InstallAutoscaler(ctx)
	if err != nil {
		return nil, err
	}
	client, err := realflink.InstallClient(ctx, realflink.Flink120)
	if err != nil {
		return nil, err
	}
	return start(ctx, "collector-"+realflink.AutoscalerVersion, []string{autoscaler, client}, "sluice.client.Collect", address,
		"java", "java/autoscaler")
}

func start(ctx context.Context, name string, libs []string, main, address string, folders ...string) (*Client, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("ask a cluster at %s: %w", address, err)
	}
	files, err := read(folders)
	if err != nil {
		return nil, err
	}
	classes, err := realflink.CompileClasses(ctx, "java"+name, libs, files)
	if err != nil {
		return nil, err
	}
	jars := []string{classes}
	for _, lib := range libs {
		found, err := filepath.Glob(filepath.Join(lib, "*.jar"))
		if err != nil {
			return nil, err
		}
		jars = append(jars, found...)
	}
	c := &Client{process: exec.CommandContext(ctx, "java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-Xshare:auto", "-Xmx256m", "-Djava.net.preferIPv4Stack=true",
		"-cp", strings.Join(jars, string(filepath.ListSeparator)), main, host, port)}
	return c, c.start()
}

// read returns the Java files of the folders by name.
func read(folders []string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, folder := range folders {
		entries, err := sources.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("read the sources of a client: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			if files[e.Name()], err = sources.ReadFile(path.Join(folder, e.Name())); err != nil {
				return nil, fmt.Errorf("read the sources of a client: %w", err)
			}
		}
	}
	return files, nil
}

func (c *Client) start() (err error) {
	c.process.Stderr = &c.errors
	c.process.WaitDelay = 5 * time.Second
	if c.in, err = c.process.StdinPipe(); err != nil {
		return err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return err
	}
	c.out = bufio.NewReader(out)
	if err := c.process.Start(); err != nil {
		return fmt.Errorf("start a Java client: %w", err)
	}
	return nil
}

// Ask puts a question and sets what answer points to; nil drops the answer. The
// error is a [*Failure] if the client threw one.
func (c *Client) Ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("ask a Java client: %w", err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return c.gone(line, err)
	}
	said, err := c.out.ReadBytes('\n')
	if err != nil {
		return c.gone(line, err)
	}
	var body struct {
		Answer  json.RawMessage `json:"answer"`
		Failure *Failure        `json:"failure"`
	}
	if err := json.Unmarshal(said, &body); err != nil {
		return fmt.Errorf("ask a Java client %s: it says %.300q: %w", line, said, err)
	}
	if body.Failure != nil {
		return fmt.Errorf("ask a Java client %.300s: %w", line, body.Failure)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body.Answer, answer); err != nil {
		return fmt.Errorf("ask a Java client %s: %w", line, err)
	}
	return nil
}

// gone is the error of a JVM that does not answer any more.
func (c *Client) gone(line []byte, err error) error {
	return fmt.Errorf("ask a Java client %s: %w: it complains %.2000s", line, errors.Join(err, c.Close()), c.errors.String())
}

// Close ends the JVM. The error is of its end, at the first call and any other.
func (c *Client) Close() error {
	c.ended.Do(func() {
		_ = c.in.Close() // it ends when its input does
		if err := c.process.Wait(); err != nil {
			c.end = fmt.Errorf("end a Java client: %w", err)
		}
	})
	return c.end
}
