package webhook

import (
	"strings"
	"testing"
)

func TestSlackGetsATextThatIsEscaped(t *testing.T) {
	body, err := Preset("slack")
	if err != nil {
		t.Fatal(err)
	}
	for m, want := range map[*Message]string{
		{Type: "Warning", Reason: "ScalingLimited", Message: "a < b & \"c\"\nd", Cluster: "prod", Job: "j1", Name: "clicks <x>"}: `{"text":":warning: *ScalingLimited* \"clicks &lt;x&gt;\" (prod/j1)\na &lt; b &amp; \"c\"\nd"}`,
		{Type: "Normal", Reason: "Scaling", Message: "ok", Job: "j1"}:                                                            `{"text":"*Scaling* j1\nok"}`,
	} {
		if got, err := render(body, *m); err != nil || string(got) != want {
			t.Errorf("got  %s\nwant %s (%v)", got, want, err)
		}
	}
	long, err := render(body, Message{Message: strings.Repeat("ü", 5000)})
	if n := strings.Count(string(long), "ü"); err != nil || n != 2999 {
		t.Errorf("%d letters, %v", n, err)
	}
}

func TestATemplateIsTriedWhenItIsRead(t *testing.T) {
	for text, want := range map[string]string{
		`{"text": {{json .Message}}}`: "",
		`{{`:                          "template",
		`{{.Mesage}}`:                 "can't evaluate field Mesage",
		`{"text": "{{.Message}}"}`:    "no JSON",
		`{{range $i, $_ := .Changes}}{{range $.Changes}}{{json (printf "%2000000d" 1)}}{{end}}{{end}}1`: "more than",
	} {
		_, err := Template(text, true)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Template("plain {{.Message}}", false); err != nil {
		t.Error(err)
	}
	if _, err := Preset("teams"); err == nil {
		t.Error("any preset will do")
	}
}
