package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The headers of a request.
const (
	// IDHeader holds the message's id.
	IDHeader = "Sluice-Event-Id"
	// SignatureHeader holds t=TIME,v1=SIGNATURE, as [Sign] makes it.
	SignatureHeader = "Sluice-Signature"
)

// Sign is the value of [SignatureHeader]: the time in s since 1970, and the
// HMAC-SHA256, in hex, of that number, a point and the body.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// verdict is what became of an attempt.
type verdict uint8

const (
	delivered verdict = iota
	// refused: the receiver does not want this event, and would not want it later.
	refused
	// failed: the same may succeed later.
	failed
)

type answer struct {
	verdict verdict
	// after is how long the receiver wants to be left alone.
	after time.Duration
	err   error
}

// post makes one attempt. No error quotes the address.
func (h *Handler) post(ctx context.Context, m Message) answer {
	body, err := render(h.cfg.Body, m)
	if err != nil {
		return answer{verdict: refused, err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, string(h.cfg.URL), bytes.NewReader(body))
	if err != nil {
		return answer{verdict: failed, err: errors.New("the URL is not one to post to")}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "sluice")
	for name, value := range h.cfg.Headers {
		request.Header.Set(name, string(value))
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	request.Header.Set(IDHeader, m.ID)
	if h.cfg.Secret != "" {
		request.Header.Set(SignatureHeader, Sign(string(h.cfg.Secret), h.cfg.Now(), body))
	}
	response, err := h.client.Do(request)
	if err != nil {
		return answer{verdict: failed, err: withoutURL(err)}
	}
	defer response.Body.Close()
	return h.judge(response)
}

func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// judge reads an answer: 400, 413 and 422 speak of the event itself.
func (h *Handler) judge(r *http.Response) answer {
	text, _ := io.ReadAll(io.LimitReader(r.Body, 200))
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<10)) // so that the connection is used again
	err := fmt.Errorf("HTTP %d: %s", r.StatusCode, strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "?")), " "))
	switch {
	case r.StatusCode/100 == 2:
		return answer{verdict: delivered}
	case r.StatusCode == http.StatusBadRequest, r.StatusCode == http.StatusRequestEntityTooLarge, r.StatusCode == http.StatusUnprocessableEntity:
		return answer{verdict: refused, err: err}
	case r.StatusCode/100 == 3:
		err = fmt.Errorf("HTTP %d: it redirects, and is not followed", r.StatusCode)
	}
	return answer{verdict: failed, after: retryAfter(r.Header.Get("Retry-After"), h.cfg.Now()), err: err}
}

// retryAfter reads seconds or a date; 0 without either.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), 86_400)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
