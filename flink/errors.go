package flink

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what went wrong with a request. It is an error itself, so that
// errors.Is(err, flink.KindNotFound) asks for it.
type Kind int

// The kinds of errors.
const (
	// KindOther is what KindOf says of an error that is not from this package.
	KindOther Kind = iota
	// KindUnreachable: no connection. The request was certainly not served.
	KindUnreachable
	// KindNotFound: the job, vertex or other thing does not exist (any more).
	KindNotFound
	// KindUnsupported: this cluster or job cannot do that: an old version, no
	// Adaptive Scheduler, Reactive Mode, no checkpointing.
	KindUnsupported
	// KindRefused: Flink understood and said no.
	KindRefused
	// KindMalformed: the answer is not what Flink sends: not JSON, cut off, or
	// of another shape.
	KindMalformed
	// KindUnauthorized: credentials are missing or not accepted.
	KindUnauthorized
	// KindUnavailable: something is there but does not serve now: no leader, an
	// error of a proxy, no answer in time. Whether a request that changes
	// something was served is not known.
	KindUnavailable
	// KindCanceled: the caller's context was canceled.
	KindCanceled
)

var kindNames = [...]string{
	KindOther:        "other",
	KindUnreachable:  "unreachable",
	KindNotFound:     "not_found",
	KindUnsupported:  "unsupported",
	KindRefused:      "refused",
	KindMalformed:    "malformed",
	KindUnauthorized: "unauthorized",
	KindUnavailable:  "unavailable",
	KindCanceled:     "canceled",
}

// String returns a short name for logs and JSON, such as not_found.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Error makes a Kind a target of errors.Is.
func (k Kind) Error() string { return "flink: " + k.String() }

// Error is what every method of Client returns when it fails. It never holds
// credentials.
type Error struct {
	Kind Kind
	// Op is the method and path, such as "GET /jobs/overview".
	Op string
	// Address is the one that was asked last, such as "http://jm:8081".
	Address string
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Message says why, without class names and stack traces.
	Message string
	// Err is the cause, if it is an error of Go's.
	Err error
}

// Error says in one line what was tried, what happened and why.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Address != "" {
		b.WriteString(" at " + e.Address)
	}
	b.WriteString(": " + e.verdict())
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + strings.ReplaceAll(e.Message, "\n", "; "))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) verdict() string {
	switch e.Kind {
	case KindUnreachable:
		return "not reachable"
	case KindNotFound:
		return "not found"
	case KindUnsupported:
		return "this cluster cannot do that"
	case KindRefused:
		return "Flink refused"
	case KindMalformed:
		return "the answer is not what Flink sends"
	case KindUnauthorized:
		return "not authorized"
	case KindUnavailable:
		return "not available"
	case KindCanceled:
		return "canceled"
	}
	return "failed"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is says whether target is the kind of this error.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// KindOf returns the kind of err, or KindOther.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindOther
}

// IsUnreachable says that there was no connection.
func IsUnreachable(err error) bool { return KindOf(err) == KindUnreachable }

// IsNotFound says that the thing asked for does not exist.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }

// IsUnsupported says that this cluster or job cannot do what was asked.
func IsUnsupported(err error) bool { return KindOf(err) == KindUnsupported }

// IsRefused says that Flink understood and said no.
func IsRefused(err error) bool { return KindOf(err) == KindRefused }

// IsMalformed says that the answer was not what Flink sends.
func IsMalformed(err error) bool { return KindOf(err) == KindMalformed }

// IsUnauthorized says that credentials are missing or not accepted.
func IsUnauthorized(err error) bool { return KindOf(err) == KindUnauthorized }

// IsUnavailable says that the cluster does not serve just now.
func IsUnavailable(err error) bool { return KindOf(err) == KindUnavailable }
