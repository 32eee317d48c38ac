package realflink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// jvmFlags make a JVM small and quick to start, and keep it from leaving anything behind. The exports and opens are what
// Flink's own scripts give to Java 17.
var jvmFlags = []string{
	"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData",
	"-Djava.net.preferIPv4Stack=true",
	"--add-exports=java.base/sun.net.util=ALL-UNNAMED", // 1.17
	"--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
	"--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
	"--add-opens=java.base/java.lang=ALL-UNNAMED",
	"--add-opens=java.base/java.net=ALL-UNNAMED",
	"--add-opens=java.base/java.io=ALL-UNNAMED",
	"--add-opens=java.base/java.nio=ALL-UNNAMED",
	"--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
	"--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
	"--add-opens=java.base/java.text=ALL-UNNAMED",
	"--add-opens=java.base/java.time=ALL-UNNAMED",
	"--add-opens=java.base/java.util=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
}

// program is a Java program to start: its name also names its log.
type program struct {
	name      string
	memory    []string // JVM flags
	classpath []string
	main      string
	args      []string
}

// process is a running JVM.
type process struct {
	name string
	log  string
	pid  int
	done chan struct{} // closed when it has ended and was waited for
	err  error         // how it ended; read after done
}

// launch starts a program in its own process group, with its output in dir/log/NAME.log. Unless detached, the kernel
// kills it when this process dies.
func launch(dir string, p program, detached bool) (*process, error) {
	log := filepath.Join(dir, "log", p.name+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer out.Close()
	args := append([]string{"-Dsluice.dir=" + dir, "-Djava.io.tmpdir=" + filepath.Join(dir, "tmp")}, jvmFlags...)
	args = append(args, p.memory...)
	args = append(args, "-cp", strings.Join(p.classpath, ":"), p.main)
	cmd := exec.Command("java", append(args, p.args...)...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = childAttributes(detached)
	proc := &process{name: p.name, log: log, done: make(chan struct{})}
	return proc, proc.start(cmd)
}

// start runs the child from a goroutine that keeps its thread until the child ends: the kernel's "parent has died" is
// said of the thread that started it, not of the process.
func (p *process) start(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	return nil
}

// kill ends the process and what it started at once, and waits for its end.
func (p *process) kill() {
	if p.running() {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
	<-p.done
}

// signal sends a signal to the process and what it started; one that has ended hears none.
func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return nil
	}
	if err := syscall.Kill(-p.pid, s); err != nil {
		return fmt.Errorf("send %s to %s: %w", s, p.name, err)
	}
	return nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// died is the error that a wait for a process ends with when it is gone.
func (p *process) died() error {
	if p.running() {
		return nil
	}
	end := "exit code 0"
	if p.err != nil {
		end = p.err.Error()
	}
	return fmt.Errorf("%s has ended (%s): %s", p.name, end, tail(p.log, 15))
}

// waitFor asks until the answer is yes, and fails early if one of the processes ends.
func waitFor(ctx context.Context, what string, procs []*process, ask func() (bool, error)) error {
	var last error
	err := poll(ctx, pollEvery, func() (bool, error) {
		for _, p := range procs {
			if err := p.died(); err != nil {
				return false, err
			}
		}
		ok, err := ask()
		last = err
		return ok && err == nil, nil
	})
	if err == nil {
		return nil
	}
	return fmt.Errorf("wait for %s: %w", what, errors.Join(err, last))
}

// tail is the end of a log, for an error or a failed test.
func tail(file string, lines int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return lastLines(b, lines)
}

// jarsIn lists the jars of a folder in a fixed order: the JVM's own wildcard follows the file system's.
func jarsIn(dir string) ([]string, error) {
	jars, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err == nil && len(jars) == 0 {
		err = fmt.Errorf("no jars in %s", dir)
	}
	return jars, err
}
