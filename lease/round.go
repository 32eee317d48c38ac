package lease

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// round renews, looks what there is, and takes and gives what is to change hands.
// The turn is held.
func (k *Keeper) round(ctx context.Context, renew bool) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Time/renewals)
	defer cancel()
	if err := k.renew(ctx, renew); err != nil {
		return err
	}
	if err := k.tellStrays(ctx); err != nil {
		return err
	}
	view, err := k.look(ctx)
	if err != nil {
		return err
	}
	k.settle(view)
	k.mu.Lock()
	id, watches, listed := k.id, k.watches(), maps.Clone(k.listed)
	k.mu.Unlock()
	plan := k.plans.plan(id, watches, view, listed, k.cfg.Clock())
	if err := k.give(ctx, id, plan.Yield); err != nil {
		return err
	}
	if len(plan.Take) == 0 {
		return nil
	}
	if err := k.cfg.Store.Take(ctx, id, plan.Take); err != nil {
		return fmt.Errorf("take %d leases: %w", len(plan.Take), err)
	}
	if view, err = k.look(ctx); err != nil {
		return err
	}
	k.settle(view)
	return nil
}

// renew makes this process a member, or lets it stay one.
func (k *Keeper) renew(ctx context.Context, renew bool) error {
	k.mu.Lock()
	id, watches := k.id, k.watches()
	due := renew || k.cfg.Clock() >= k.renewAt
	k.mu.Unlock()
	if id != "" && !due {
		return nil
	}
	if id != "" {
		alive, err := k.prolong(ctx, id, watches)
		if err != nil || alive {
			return err
		}
		k.buried(ctx)
	}
	member := Member{ID: k.newID(), Name: k.cfg.Name, Watches: watches}
	before := k.cfg.Clock()
	if err := k.cfg.Store.Join(ctx, member, k.cfg.Time); err != nil {
		return fmt.Errorf("become a member: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.id = member.ID
	k.renewed(before)
	return nil
}

// prolong renews all leases of the member. What the clock said before the store
// was asked counts: the store's time began later.
func (k *Keeper) prolong(ctx context.Context, id string, watches []string) (alive bool, err error) {
	before := k.cfg.Clock()
	alive, err = k.cfg.Store.Renew(ctx, id, watches, k.cfg.Time)
	if err != nil {
		return false, fmt.Errorf("renew the leases: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if alive && k.id == id {
		k.renewed(before)
	}
	return alive, nil
}

// renewed notes a renewal that was asked for at that time; k.mu is held.
func (k *Keeper) renewed(before time.Duration) {
	k.until = max(k.until, before+k.cfg.Time-k.margin())
	k.renewAt = before + k.cfg.Time/renewals
}

// margin is for clocks that do not run at the same speed.
func (k *Keeper) margin() time.Duration { return k.cfg.Time / 100 }

// buried notes that others hold this process for dead.
func (k *Keeper) buried(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "leases are lost: this process did not renew them in time", slog.Int("jobs", len(k.grants)))
	k.loseAll()
	k.id, k.until = "", 0
}

// look reads what there is, and buries who is to be.
func (k *Keeper) look(ctx context.Context) (View, error) {
	view, err := k.cfg.Store.View(ctx)
	if err == nil && slices.ContainsFunc(view.Members, expired) {
		if err = k.cfg.Store.Bury(ctx); err == nil {
			view, err = k.cfg.Store.View(ctx)
		}
	}
	if err != nil {
		return View{}, fmt.Errorf("read the leases: %w", err)
	}
	return view, nil
}

func expired(m Member) bool { return m.Left <= 0 }

// settle takes over what a view says: what of it is ours, and what is not any
// more.
func (k *Keeper) settle(v View) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	alive := k.attend(v.Members, now)
	others, ours := make(map[autoscaler.JobKey]bool, len(v.Leases)), make(map[autoscaler.JobKey]bool, len(k.grants))
	if !alive[k.id] {
		v.Leases = nil // the next renewal finds it out
	}
	got, inherited := 0, 0
	for _, l := range v.Leases {
		if l.Owner != k.id {
			if alive[l.Owner] {
				others[l.Key] = true
			}
			continue
		}
		ours[l.Key] = true
		g := k.grants[l.Key]
		if g != nil && g.Epoch == l.Epoch && g.Owner == l.Owner {
			g.setStrays(splitNotes(l.Stray))
			continue
		}
		if g != nil {
			k.lose(l.Key)
		}
		got++
		if l.Epoch > 1 {
			inherited++
		}
		k.grants[l.Key] = newGrant(k, l, now)
	}
	lost := 0
	for job := range k.grants {
		if !ours[job] {
			lost++
			k.lose(job)
		}
	}
	k.others = others
	k.sayChange(got, inherited, lost)
}

// attend notes who is there, and returns who is alive; k.mu is held.
func (k *Keeper) attend(members []Member, now time.Duration) map[string]bool {
	alive := make(map[string]bool, len(members))
	k.alone, k.expiry = true, 0
	for _, m := range members {
		alive[m.ID] = true
		if m.ID == k.id {
			continue
		}
		k.alone = false
		if at := now + m.Left; k.expiry == 0 || at < k.expiry {
			k.expiry = at
		}
	}
	return alive
}

func (k *Keeper) sayChange(got, inherited, lost int) {
	if got == 0 && lost == 0 {
		return
	}
	k.cfg.Logger.LogAttrs(context.Background(), slog.LevelInfo, "leases have changed",
		slog.Int("got", got), slog.Int("of_others", inherited), slog.Int("lost", lost), slog.Int("jobs", len(k.grants)))
}

// give hands over the jobs that are to be another's and over which no pass runs;
// the others begin no further one.
func (k *Keeper) give(ctx context.Context, id string, jobs []autoscaler.JobKey) error {
	k.mu.Lock()
	leaves := make(map[autoscaler.JobKey]bool, len(jobs))
	for _, job := range jobs {
		leaves[job] = true
	}
	var idle []autoscaler.JobKey
	for job, g := range k.grants {
		if g.yield(leaves[job]) {
			idle = append(idle, job)
		}
	}
	k.mu.Unlock()
	if len(idle) == 0 {
		return nil
	}
	if err := k.cfg.Store.Free(ctx, id, idle); err != nil {
		return fmt.Errorf("hand %d leases over: %w", len(idle), err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, job := range idle {
		if k.grants[job] != nil {
			k.lose(job)
		}
	}
	k.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "leases are handed over", slog.Int("given", len(idle)), slog.Int("jobs", len(k.grants)))
	return nil
}

// tellStrays passes on what was written too late.
func (k *Keeper) tellStrays(ctx context.Context) error {
	k.mu.Lock()
	strays := maps.Clone(k.strays)
	k.mu.Unlock()
	for job, notes := range strays {
		standing, err := k.cfg.Store.Check(ctx, job)
		if err != nil {
			return fmt.Errorf("note a late write: %w", err)
		}
		done, err := k.cfg.Store.Note(ctx, job, standing.Stray, joinNotes(append(splitNotes(standing.Stray), notes...)))
		if err != nil {
			return fmt.Errorf("note a late write: %w", err)
		}
		if done || standing.Epoch == 0 {
			k.told(job, len(notes))
		}
	}
	return nil
}

// told takes out the first n notes that waited.
func (k *Keeper) told(job autoscaler.JobKey, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.strays[job] = k.strays[job][n:]; len(k.strays[job]) == 0 {
		delete(k.strays, job)
	}
}

func joinNotes(notes []string) string { return strings.Join(notes, "\n") }

func splitNotes(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
