package reference

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/stateyaml"
)

// This file has the reference's rows outside of its table: as lines of a file,
// and as what Java left in a database that has none of our tables.

// row is a line of a file: the columns that say something.
type row struct {
	JobKey     string `json:"job_key"`
	StateType  string `json:"state_type"`
	StateValue string `json:"state_value"`
}

// WriteRows writes what the reference keeps of a job, a JSON document a line.
// What it does not keep is left out.
func WriteRows(w io.Writer, e stateyaml.Entry) error {
	items := Encode(&e.State)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, item := range AllItems {
		if text, there := items[item]; there {
			if err := encoder.Encode(row{e.Key.String(), string(item), text}); err != nil {
				return fmt.Errorf("write job %s: %w", e.Key, err)
			}
		}
	}
	return nil
}

// ReadRows reads what WriteRows wrote, or a database's client from the table. An
// error names the line.
func ReadRows(text []byte) ([]stateyaml.Entry, error) {
	line := 0
	var found jobRows
	for one := range bytes.Lines(text) {
		line++
		if len(bytes.TrimSpace(one)) == 0 {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(one))
		decoder.DisallowUnknownFields()
		var r row
		if err := decoder.Decode(&r); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if err := found.add(r); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return found.entries()
}

// jobRows collects rows by job.
type jobRows struct{ jobs map[autoscaler.JobKey]Items }

func (j *jobRows) add(r row) error {
	key, item := ParseKey(r.JobKey), Item(r.StateType)
	switch {
	case key.Job == "":
		return fmt.Errorf("want a job_key: the id of a job, or CLUSTER/ID")
	case !known(item):
		return fmt.Errorf("unknown state_type %q", r.StateType)
	}
	if j.jobs == nil {
		j.jobs = map[autoscaler.JobKey]Items{}
	}
	items := j.jobs[key]
	if items == nil {
		items = Items{}
		j.jobs[key] = items
	}
	if _, twice := items[item]; twice {
		return fmt.Errorf("%s of job %s is there twice", item, key)
	}
	items[item] = r.StateValue
	return nil
}

// entries are the jobs in the order of their keys. A value that cannot be read is
// an error.
func (j *jobRows) entries() ([]stateyaml.Entry, error) {
	var entries []stateyaml.Entry
	for key, items := range j.jobs {
		state, broken := Decode(items)
		if len(broken) > 0 {
			return nil, fmt.Errorf("job %s: %w", key, broken[0])
		}
		entries = append(entries, stateyaml.Entry{Key: key, State: state})
	}
	slices.SortFunc(entries, func(a, b stateyaml.Entry) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return entries, nil
}

// ReadTable reads all jobs of the reference's table of a database that has no
// table of ours, and changes nothing there. A value that cannot be read is an
// error.
func ReadTable(ctx context.Context, db *sqldb.DB) (_ []stateyaml.Entry, err error) {
	rows, err := db.Query(ctx, "SELECT job_key, state_type, state_value FROM "+Table)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", Table, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var found jobRows
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.JobKey, &r.StateType, &r.StateValue); err != nil {
			return nil, fmt.Errorf("read table %s: %w", Table, err)
		}
		if !known(Item(r.StateType)) {
			continue // of a newer reference
		}
		if err := found.add(r); err != nil {
			return nil, fmt.Errorf("read table %s: %w", Table, err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table %s: %w", Table, err)
	}
	return found.entries()
}
