package flink

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode"
)

// refusal turns an answer with an error status into an Error: its kind and the
// message that a person wants to read.
func refusal(status int, body []byte) *Error {
	text, fromFlink := errorText(body)
	if !fromFlink {
		return &Error{Kind: foreignKind(status), Status: status, Message: foreignMessage(body)}
	}
	return &Error{Kind: refusalKind(status, text), Status: status, Message: plainMessage(text)}
}

// errorText picks the entry that says most from Flink's list of errors: with an
// unexpected exception the first says only "Internal server error.".
func errorText(body []byte) (string, bool) {
	var parsed ErrorBody
	if json.Unmarshal(body, &parsed) != nil || len(parsed.Errors) == 0 {
		return "", false
	}
	if len(parsed.Errors) > 1 && strings.HasPrefix(parsed.Errors[0], "Internal server error") {
		return parsed.Errors[1], true
	}
	return strings.Join(parsed.Errors, "\n"), true
}

// signs are texts by which an answer of Flink's is told apart, in order. The
// status alone does not do: a job that is gone is 404 here and 500 there.
var signs = []struct {
	text string
	kind Kind
}{
	// Reactive Mode, the default scheduler and the batch scheduler.
	{"java.lang.UnsupportedOperationException", KindUnsupported},
	// A path that this version does not know, and the same for other methods
	// than GET, as older and newer versions say it.
	{"Unable to load requested file", KindUnsupported},
	{"Not found.", KindUnsupported},
	{"Not found: /", KindUnsupported},
	{"AdaptiveScheduler is not enabled", KindUnsupported},
	{"AdaptiveScheduler rescales was not enabled", KindUnsupported},
	{"Checkpointing has not been enabled", KindUnsupported},
	{"Checkpointing is not enabled", KindUnsupported},

	{"FlinkJobNotFoundException", KindNotFound},
	{"UnknownTaskExecutorException", KindNotFound},

	// Inside the cluster: a leader that is lost or does not answer in time.
	{"FencingTokenException", KindUnavailable},
	{"AskTimeoutException", KindUnavailable},
	{"java.util.concurrent.TimeoutException", KindUnavailable},
	{"RecipientUnreachableException", KindUnavailable},
	{"RpcConnectionException", KindUnavailable},
}

func refusalKind(status int, text string) Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return KindUnauthorized
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return KindUnavailable
	case http.StatusMethodNotAllowed:
		return KindUnsupported
	}
	head := firstLines(text)
	for _, sign := range signs {
		if strings.Contains(head, sign.text) {
			return sign.kind
		}
	}
	if status == http.StatusNotFound {
		return KindNotFound
	}
	return KindRefused
}

// foreignKind judges an error that did not come from Flink but from something
// before it, or from something else altogether.
func foreignKind(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return KindUnauthorized
	case status == http.StatusTooManyRequests, status >= 500:
		return KindUnavailable
	}
	return KindMalformed
}

const serverSide = "<Exception on server side:\n"

// firstLines is the text up to the stack trace: the class and the message,
// which may have several lines.
func firstLines(text string) string {
	text = strings.TrimPrefix(text, serverSide)
	for _, end := range []string{"\n\tat ", "\nCaused by: ", "\n\nEnd of exception", "\nEnd of exception"} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSpace(text)
}

var className = regexp.MustCompile(`^(?:[a-z_][\w$]*\.)+([A-Z][\w$]*)(?:: |$)`)

// plainMessage is the message without class names and stack trace. Of an
// exception that has no message the class's own name remains.
func plainMessage(text string) string {
	message := firstLines(text)
	for {
		found := className.FindStringSubmatchIndex(message)
		if found == nil {
			return message
		}
		rest := strings.TrimSpace(message[found[1]:])
		if rest == "" {
			return message[found[2]:found[3]]
		}
		message = rest
	}
}

// foreignMessage shows the beginning of what came instead of Flink's answer.
func foreignMessage(body []byte) string {
	if len(body) == 0 {
		return "an empty body"
	}
	return "this does not look like Flink: " + excerpt(body)
}

// excerpt is the first 80 or so printable characters, quoted by being alone.
func excerpt(body []byte) string {
	const most = 80
	var b strings.Builder
	space := false
	for _, r := range string(body[:min(len(body), 4*most)]) {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar:
			r = '.'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if b.Len() >= most {
			return b.String() + "…"
		}
	}
	return b.String()
}
