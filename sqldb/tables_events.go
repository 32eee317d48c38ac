package sqldb

// eventTables are those of the packages events/sqlevents, events/webhook and
// decisions/sqldecisions, beside the reference's own.
var eventTables = []table{
	{
		// The jobs of which events tell. Who writes an event writes here first, so
		// that processes that tell of the same job wait for one another.
		name: "sluice_event_job",
		columns: []column{
			{name: "job_key", kind: "key"},
			{name: "name", kind: "text"},
			{name: "told_at", kind: "bigint"},
		},
		primary: []string{"job_key"},
		indexes: []index{{name: "sluice_event_job_told", columns: []string{"told_at"}}},
	},
	{
		name: "sluice_decision",
		columns: []column{
			{name: "id", kind: "id"},
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "name", kind: "text"},
			{name: "decided_at", kind: "bigint"},
			{name: "action", kind: "key"},
			{name: "value", kind: "bytes"}, // gzip of the JSON document
		},
		indexes: []index{
			{name: "sluice_decision_job", columns: []string{"cluster", "job_id", "id"}},
			{name: "sluice_decision_time", columns: []string{"decided_at"}},
		},
	},
	{
		// Deliveries that a receiver has not taken yet, and whose they are.
		name: "sluice_webhook_queue",
		columns: []column{
			{name: "id", kind: "id"},
			{name: "webhook", kind: "key"},
			{name: "owner", kind: "key"},
			{name: "job_key", kind: "key"},
			{name: "value", kind: "bytes"},
		},
		indexes: []index{{name: "sluice_webhook_queue_job", columns: []string{"webhook", "job_key", "id"}}},
	},
	{
		name: "sluice_webhook_sender",
		columns: []column{
			{name: "owner", kind: "key"},
			{name: "alive_until", kind: "bigint"},
		},
		primary: []string{"owner"},
	},
}

// referenceEventTable is the reference's table of events, as its users make it.
// One that is there is left as it is.
func referenceEventTable(d Dialect) []string {
	const table = "t_flink_autoscaler_event_handler"
	const byKey, byTime = "job_key_reason_event_key_idx", "job_key_reason_create_time_idx"
	columns := func(id, moment, reason, text string) string {
		return "CREATE TABLE IF NOT EXISTS " + table + " (id " + id +
			", create_time " + moment + " NOT NULL, update_time " + moment + " NOT NULL" +
			", job_key VARCHAR(191) NOT NULL, reason VARCHAR(" + reason + ") NOT NULL, event_type VARCHAR(100) NOT NULL" +
			", message " + text + " NOT NULL, event_count INTEGER NOT NULL, event_key VARCHAR(100) NOT NULL"
	}
	if d == MySQL {
		return []string{columns("BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "DATETIME", "191", "LONGTEXT") +
			", KEY " + byKey + " (job_key, reason, event_key), KEY " + byTime + " (job_key, reason, create_time)" +
			") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"}
	}
	made := columns("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "TIMESTAMP", "500", "TEXT") + ")"
	if d == SQLite { // the reference has none there: times are text that sorts
		made = columns("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", "500", "TEXT") + ")"
	}
	return []string{
		made,
		"CREATE INDEX IF NOT EXISTS " + byKey + " ON " + table + " (job_key, reason, event_key)",
		"CREATE INDEX IF NOT EXISTS " + byTime + " ON " + table + " (job_key, reason, create_time)",
	}
}
