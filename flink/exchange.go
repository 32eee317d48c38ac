package flink

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

const maxRedirects = 5

// exchange sends the request, follows redirects (a standby JobManager, or a
// proxy, sends one on to the leader), and decodes the answer.
func (c *Client) exchange(ctx context.Context, r request, target *url.URL, answer any) *Error {
	for range maxRedirects + 1 {
		response, err := c.send(ctx, r, target)
		if err != nil {
			return transportFailure(ctx, err, target)
		}
		next, err := redirectTarget(response, target, r.method)
		if next == nil && err == nil {
			return c.receive(ctx, response, answer)
		}
		discard(response.Body)
		if err != nil {
			return &Error{Kind: KindMalformed, Status: response.StatusCode, Message: err.Error()}
		}
		c.counters.redirects.Add(1)
		target = next
	}
	return &Error{Kind: KindUnavailable, Message: fmt.Sprintf("redirected more than %d times", maxRedirects)}
}

// send performs one HTTP request. The headers are shared between requests:
// whoever carries a request out must not change it.
func (c *Client) send(ctx context.Context, r request, target *url.URL) (*http.Response, error) {
	header := c.anonymous
	if c.trusts(target) {
		header = c.trusted
	}
	message := &http.Request{
		Method: r.method, URL: target, Host: target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if r.body != nil {
		message.Header = header.Clone()
		message.Header.Set("Content-Type", r.contentType)
		message.ContentLength = int64(len(r.body))
		message.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		message.Body, _ = message.GetBody()
		c.counters.bytesOut.Add(int64(len(r.body)))
	}
	c.counters.requests.Add(1)
	return c.transport.RoundTrip(message.WithContext(ctx))
}

// trusts says whether credentials may go there: only to a configured address.
func (c *Client) trusts(target *url.URL) bool {
	for _, address := range c.addresses {
		if address.Scheme == target.Scheme && strings.EqualFold(address.Host, target.Host) {
			return true
		}
	}
	return false
}

// redirectTarget returns where to go next, or nil if the answer is final; an
// error says why a redirect is not followed.
func redirectTarget(response *http.Response, from *url.URL, method string) (*url.URL, error) {
	location := response.Header.Get("Location")
	switch response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if method != http.MethodGet {
			return nil, fmt.Errorf("redirected in a way (%d) that would make a GET of the %s", response.StatusCode, method)
		}
	default:
		return nil, nil
	}
	if location == "" {
		return nil, errors.New("redirected to nowhere")
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, errors.New("redirected to something that is not a URL")
	}
	next.User, next.Fragment = nil, ""
	if next.Scheme != from.Scheme && next.Scheme != "https" {
		return nil, fmt.Errorf("redirected from %s to %s", from.Scheme, next.Scheme)
	}
	return next, nil
}

// transportFailure tells apart why there was no answer.
func transportFailure(ctx context.Context, err error, target *url.URL) *Error {
	failure := &Error{Kind: KindUnavailable, Err: withoutURL(err)}
	var dial *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		failure.Kind, failure.Err = KindCanceled, context.Canceled
	case errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"):
		failure.Kind = KindUnreachable
	case ctx.Err() != nil:
		failure.Err = context.Cause(ctx)
	default:
		failure.judgeProtocol(err)
	}
	failure.Address = target.Scheme + "://" + target.Host
	return failure
}

// judgeProtocol recognises a server that speaks TLS when it should not, or the
// other way round, or something else than HTTP. Most of it net/http says only
// in words.
func (e *Error) judgeProtocol(err error) {
	var record tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		e.Kind, e.Message = KindUnreachable, "it speaks http, not https"
	case errors.As(err, &record):
		e.Kind, e.Message = KindUnreachable, "it does not speak https"
	case strings.Contains(text, "remote error: tls: ") && strings.Contains(text, "certificate"):
		e.Kind, e.Message = KindUnauthorized, "the client certificate is missing or not accepted"
	case strings.Contains(text, "tls: ") || strings.Contains(text, "x509: ") || strings.Contains(text, "TLS handshake"):
		e.Kind = KindUnreachable
	case strings.Contains(text, "malformed HTTP") || strings.Contains(text, "malformed MIME"):
		e.Kind, e.Message = KindMalformed, "this does not look like Flink"
	case strings.Contains(text, "readLoopPeekFailLocked: %!w(<nil>)"):
		// A server that speaks first, such as SSH: net/http has no words for it.
		e.Kind, e.Message, e.Err = KindMalformed, "this does not look like Flink: it spoke first", nil
	}
}

// withoutURL drops the part of an error that repeats the URL.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// valued is the body of a transport in the same process, whose value can be had
// without its text. Into sets a pointer to it, and says whether that is of its type;
// it leaves errors alone. The value may be shared: it must not be changed.
type valued interface{ Into(answer any) bool }

// receive reads the body up to the bound and decodes it, or makes an error of it.
func (c *Client) receive(ctx context.Context, response *http.Response, answer any) *Error {
	defer response.Body.Close()
	if body, is := response.Body.(valued); is && body.Into(answer) {
		return nil
	}
	buffer := buffers.Get().(*bytes.Buffer)
	defer release(buffer)

	n, err := buffer.ReadFrom(io.LimitReader(response.Body, c.maxBody+1))
	c.counters.bytesIn.Add(n)
	status := response.StatusCode
	switch {
	case err != nil:
		return readFailure(ctx, err, status, n)
	case n > c.maxBody:
		return &Error{Kind: KindMalformed, Status: status, Message: fmt.Sprintf("the body is larger than %d bytes", c.maxBody)}
	case status < 200 || status > 299:
		return refusal(status, buffer.Bytes())
	}
	if err := decode(buffer.Bytes(), answer); err != nil {
		return &Error{Kind: KindMalformed, Status: status, Message: err.Error()}
	}
	return nil
}

func readFailure(ctx context.Context, err error, status int, n int64) *Error {
	failure := &Error{Kind: KindUnavailable, Status: status, Message: fmt.Sprintf("the body broke off after %d bytes", n), Err: err}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		failure.Kind, failure.Err = KindCanceled, context.Canceled
	case ctx.Err() != nil:
		failure.Err = context.Cause(ctx)
	case errors.Is(err, io.ErrUnexpectedEOF):
		failure.Kind = KindMalformed
	}
	return failure
}

// discard reads what is left of a short body, so that the connection can be
// used again; a long one costs less as a closed connection.
func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}

// buffers holds bodies while they are decoded; nothing decoded points into them.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(buffer *bytes.Buffer) {
	const keep = 1 << 20
	if buffer.Cap() <= keep {
		buffer.Reset()
		buffers.Put(buffer)
	}
}
