package webhook

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("WEBHOOK_CHILD"); path != "" {
		queueForEver(path, os.Getenv("WEBHOOK_URL"))
	}
	goleak.VerifyTestMain(m)
}

// queueForEver is the child process of the test below.
func queueForEver(path, url string) {
	ctx := context.Background()
	target, _, err := connect.Parse("sqlite:" + path)
	if err != nil {
		panic(err)
	}
	db, err := connect.Open(ctx, target)
	if err != nil {
		panic(err)
	}
	h, err := New(Config{Name: "ops", URL: sqldb.Secret(url), DB: db, Owner: newID(), Now: time.Now, Log: slog.New(slog.DiscardHandler), First: time.Millisecond, Longest: time.Millisecond})
	if err != nil {
		panic(err)
	}
	go h.Run(ctx)
	for i := 0; ; i++ {
		e := autoscaler.Event{At: time.Now(), Type: autoscaler.EventNormal, Reason: "Scaling", Message: fmt.Sprint(i)}
		if err := h.Handle(ctx, &autoscaler.JobContext{Key: autoscaler.JobKey{Job: "j1"}}, e); err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

func TestAfterKill9EveryQueuedEventIsDelivered(t *testing.T) {
	r := newReceiver(t)
	r.behave(func(*Message, http.ResponseWriter) int { // now and then it takes one
		if r.tries()%7 == 0 {
			return 200
		}
		return 503
	})
	path := filepath.Join(t.TempDir(), "sluice.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WEBHOOK_CHILD="+path, "WEBHOOK_URL="+r.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	queued := 0
	for lines := bufio.NewScanner(out); lines.Scan(); queued++ {
		if queued == 30 {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	db := sqldbtest.Open(t, "sqlite:"+path)
	if _, err := db.Exec(t.Context(), "UPDATE sluice_webhook_sender SET alive_until = 0"); err != nil {
		t.Fatal(err)
	}
	r.behave(nil)
	h, _, _ := begin(t, Config{URL: sqldb.Secret(r.URL), DB: db})
	eventually(t, "delivery", func() bool { return len(r.got()) >= queued && h.waiting() == 0 })
	var want []string
	got := r.texts()
	for i := range got {
		want = append(want, fmt.Sprint(i))
	}
	// The one that was under way when the process was killed may come twice.
	if !cmp.Equal(want, got) || len(got) < queued || r.repeated > 1 {
		t.Errorf("%d were queued; delivered, %d of them twice: %v", queued, r.repeated, got)
	}
}
