package dashboard

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

const (
	// freeTries is how many wrong tokens an address may show before it has to wait,
	// and nextTry how long it waits for each further one. A day's tries are too few to
	// find a token of the shortest length.
	freeTries = 10
	nextTry   = 6 * time.Second
	// retryAfter says that to programs, in s.
	retryAfter = "6"
	// mostGuessers is how many addresses are remembered. More share one count.
	mostGuessers = 10000
	// auditInterval is within which wrong tokens from one address are one event.
	auditInterval = time.Minute
)

// EventWrongToken is the reason of the events that tell of wrong tokens.
const EventWrongToken = "WrongToken"

var errTooMany = &problem{
	Status: http.StatusTooManyRequests,
	Detail: "too many wrong tokens came from this address: wait some seconds, and try again",
}

// wrongTokens counts the wrong tokens by where they came from, and tells of them. What
// was shown is told to nobody.
type wrongTokens struct {
	now    func() time.Time
	logger *slog.Logger
	audit  autoscaler.EventHandler

	mu sync.Mutex
	// since is when the count of an address would begin to be free of its tries: each
	// wrong one sets it on by nextTry, and time goes after it.
	since map[netip.Prefix]time.Time
}

func newWrongTokens(c Config) *wrongTokens {
	return &wrongTokens{now: c.Now, logger: c.Logger, audit: c.Audit, since: map[netip.Prefix]time.Time{}}
}

// mayTry tells whether a token from that address is looked at.
func (g *wrongTokens) mayTry(from netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.since[g.counted(from)].Sub(g.now()) <= (freeTries-1)*nextTry
}

// counted is the address under which one is counted.
func (g *wrongTokens) counted(from netip.Prefix) netip.Prefix {
	if _, known := g.since[from]; !known && len(g.since) >= mostGuessers {
		return netip.Prefix{}
	}
	return from
}

// tried notes a wrong token from an address.
func (g *wrongTokens) tried(ctx context.Context, from netip.Prefix) {
	now := g.now()
	g.mu.Lock()
	if len(g.since) >= mostGuessers {
		for address, free := range g.since {
			if !free.After(now) {
				delete(g.since, address)
			}
		}
	}
	counted := g.counted(from)
	free := g.since[counted]
	if free.Before(now) {
		free = now
	}
	g.since[counted] = free.Add(nextTry)
	g.mu.Unlock()
	g.tell(ctx, now, counted)
}

func (g *wrongTokens) tell(ctx context.Context, now time.Time, from netip.Prefix) {
	where := from.Addr().String()
	if !from.IsValid() {
		where = "many addresses"
	}
	text := "a wrong token was shown to the page from " + where
	if g.audit == nil {
		g.logger.LogAttrs(ctx, slog.LevelWarn, "a wrong token was shown to the page", slog.String("from", where))
		return
	}
	// Whoever guesses is not to end this by going away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	err := g.audit.Handle(ctx, &autoscaler.JobContext{Name: "the page"}, autoscaler.Event{
		At: now, Type: autoscaler.EventWarning, Reason: EventWrongToken, Interval: auditInterval, Key: "from " + where,
		Message: text,
	})
	if err != nil {
		g.logger.LogAttrs(ctx, slog.LevelWarn, "event not told", slog.String("reason", EventWrongToken), slog.String("error", err.Error()))
	}
}

// auditTimeout is how long it may take to tell of a wrong token.
const auditTimeout = 5 * time.Second
