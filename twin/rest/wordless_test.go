package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/stage"
)

// A load that a program has given without a text cannot be written down, which is
// told in Flink's form.
func TestATwinThatCannotBeWrittenDownSaysSo(t *testing.T) {
	p, err := stage.Read(stage.File{Name: "twin.yaml", Contents: []byte(strings.Replace(plan, "%s", "2.3", 1))})
	if err != nil {
		t.Fatal(err)
	}
	p.Jobs[0].Loads["orders"] = twin.Load{Curve: twin.Rate(5).Curve}
	world, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(Config{World: world, Speed: Step, Now: func() time.Time { return time.Unix(1, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/twin/v1/snapshot", nil))
	body, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Code != http.StatusConflict || !strings.Contains(string(body), "the load of orders of job orders has no text") {
		t.Errorf("%d: %s", answer.Code, body)
	}
}
