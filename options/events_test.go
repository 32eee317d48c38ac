package options

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const webhooksFile = `
sluice.webhook:
  ops:
    url-env: OPS_URL
    secret-file: /run/secrets/ops
    types: [Warning]
    reasons: [ScalingLimited, "AutoScaler Options Validation"]
    header.X-Team: flink
    header-file.Authorization: /run/secrets/token
    queue-size: 500
  chat:
    url: https://hooks.example.com/T0/TOKEN
    preset: slack
    timeout: 5 s
`

func TestWebhooksAreReadByName(t *testing.T) {
	cfg, warnings, err := Load(LoadInput{File: "sluice.yaml", FileContents: []byte(webhooksFile)})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	got, err := Webhooks(cfg)
	want := []Webhook{
		{Name: "chat", URL: SecretPlace{Text: "https://hooks.example.com/T0/TOKEN"}, Preset: "slack", Timeout: 5 * time.Second, Headers: map[string]SecretPlace{}},
		{
			Name: "ops", URL: SecretPlace{Env: "OPS_URL"}, Secret: SecretPlace{File: "/run/secrets/ops"}, QueueSize: 500,
			Types: []string{"Warning"}, Reasons: []string{"ScalingLimited", "AutoScaler Options Validation"},
			Headers: map[string]SecretPlace{"X-Team": {Text: "flink"}, "Authorization": {File: "/run/secrets/token"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Webhook{}, "Source")); diff != "" || err != nil {
		t.Errorf("%v -want +got:\n%s", err, diff)
	}
	if shown := cfg.String() + fmt.Sprintf("%+v %#v", got, got); strings.Contains(shown, "TOKEN") || !strings.Contains(shown, "/run/secrets/ops") {
		t.Error(shown)
	}
}

func TestWebhooksThatCannotBeAreRefusedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"preset: slack":                                  "no url",
		"{url: http://x, url-env: X}":                    "one of them",
		"{url: http://x, uri: y}":                        "unknown option sluice.webhook.ops.uri",
		"{url: http://x, header.: y}":                    "unknown option",
		"{url: http://x, preset: teams}":                 `"teams"`,
		"{url: http://x, types: [Loud]}":                 "Normal, Warning",
		"{url: http://x, timeout: soon}":                 "timeout",
		"{url: http://x, queue-size: 0}":                 "at least 1",
		"{url: http://x, template: a, preset: slack}":    "one of them",
		"{url: http://x, secret-env: A, secret-file: b}": "one of them",
		"{url: http://x, header.A: b, header-env.A: c}":  "header A",
	} {
		_, _, err := Load(LoadInput{File: "sluice.yaml", FileContents: []byte("sluice.webhook.ops: " + inline(text) + "\n")})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "sluice.yaml:") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func inline(text string) string {
	if strings.HasPrefix(text, "{") {
		return text
	}
	return "{" + text + "}"
}

func TestASecretIsReadFromWhereItStands(t *testing.T) {
	files := func(name string) ([]byte, error) {
		if name == "there" {
			return []byte(" from a file\n"), nil
		}
		return nil, os.ErrNotExist
	}
	variables := func(name string) (string, bool) { return "from a variable", name == "SET" }
	for place, want := range map[SecretPlace]string{{}: "", {Text: "plain"}: "plain", {File: "there"}: "from a file", {Env: "SET"}: "from a variable"} {
		if got, err := place.Read("secret", files, variables); got != want || err != nil {
			t.Errorf("%s: %q, %v", place, got, err)
		}
	}
	if _, err := (SecretPlace{File: "gone"}).Read("secret", files, variables); err == nil {
		t.Error("a missing file is no error")
	}
}
