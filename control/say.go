package control

import (
	"context"
	"log/slog"
)

// singly is up to how many jobs with the same change in one list get a line
// each; more share one.
const singly = 20

// level is how loudly a kind of change is said.
func (k changeKind) level() slog.Level {
	switch k {
	case jobLost, jobUnreadable, jobSlow:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// String is the kind in one word.
func (k changeKind) String() string {
	return [...]string{"found", "rescoped", "lost", "back", "gone", "ended", "unreadable", "readable", "slow"}[k]
}

// say writes changes, which are ordered by kind, to the log.
func (c *cluster) say(changes []change) {
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].kind == changes[0].kind {
			n++
		}
		c.saySame(changes[:n])
		changes = changes[n:]
	}
}

// saySame says changes of one kind.
func (c *cluster) saySame(changes []change) {
	kind := changes[0].kind
	level := kind.level()
	if len(changes) > singly {
		c.log.LogAttrs(context.Background(), level, "many jobs changed at once",
			slog.String("change", kind.String()), slog.Int("jobs", len(changes)))
		level = slog.LevelDebug
	}
	for _, ch := range changes {
		c.sayOne(level, ch)
	}
}

func (c *cluster) sayOne(level slog.Level, ch change) {
	ctx, attrs := context.Background(), c.details(ch)
	switch ch.kind {
	case jobFound:
		c.log.LogAttrs(ctx, level, "job found", attrs...)
	case jobRescoped:
		c.log.LogAttrs(ctx, level, "what may be done with the job has changed", attrs...)
	case jobLost:
		c.log.LogAttrs(ctx, level, "job lost: its cluster lists it no more", attrs...)
	case jobBack:
		c.log.LogAttrs(ctx, level, "job is listed again", attrs...)
	case jobGone:
		c.log.LogAttrs(ctx, level, "job is gone: its state is removed", attrs...)
	case jobEnded:
		c.log.LogAttrs(ctx, level, "job has ended: its state is removed", attrs...)
	case jobUnreadable:
		c.log.LogAttrs(ctx, level, "job skipped: its configuration cannot be read", attrs...)
	case jobReadable:
		c.log.LogAttrs(ctx, level, "the configuration of the job can be read again", attrs...)
	case jobSlow:
		c.log.LogAttrs(ctx, level, "pass runs on after its deadline", attrs...)
	}
}

func (c *cluster) details(ch change) []slog.Attr {
	attrs := []slog.Attr{slog.String("job", ch.key.String()), slog.String("name", ch.name)}
	switch ch.kind {
	case jobFound, jobRescoped:
		attrs = append(attrs, slog.String("scope", ch.scope.String()))
		if ch.why != "" {
			attrs = append(attrs, slog.String("why", ch.why))
		}
	case jobLost:
		attrs = append(attrs, slog.Duration("gone_after", c.cfg.GoneAfter))
	case jobEnded:
		attrs = append(attrs, slog.String("status", ch.status))
	case jobUnreadable:
		attrs = append(attrs, slog.String("error", ch.err.Error()))
	}
	return attrs
}
