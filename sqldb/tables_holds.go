package sqldb

// holdTables is that of package steer/sqlholds.
var holdTables = []table{{
	name: "sluice_hold",
	columns: []column{
		{name: "cluster", kind: "key"},
		{name: "job_id", kind: "key"},
		{name: "held_by", kind: "text"},
		{name: "why", kind: "text"},
		{name: "since", kind: "bigint"},
		{name: "until", kind: "bigint"},
	},
	primary: []string{"cluster", "job_id"},
}}
