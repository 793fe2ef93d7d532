package sqlite

import (
	"database/sql/driver"
	"fmt"
)

// survey is what is in a database.
type survey struct {
	known  *known
	damage string // in words
}

// survey reads all records and checks how they hang together. An error with isDamage
// says that not even that could be done.
func (d *database) survey() (*survey, error) {
	v := &survey{known: newKnown()}
	if err := d.reader.query("pragma integrity_check(1)", func(row []driver.Value) error {
		if said, _ := row[0].(string); said != "ok" {
			v.damage = said
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if there, err := d.hasRecords(); err != nil || !there || v.damage != "" {
		return v, err
	}
	bad := 0
	err := d.reader.query("select key, value, crc, id from records", func(values []driver.Value) error {
		key, value, ok := row(values)
		if !ok {
			bad++
			return nil
		}
		id, _ := values[3].(int64)
		v.known.put(key, id, len(key)+len(value))
		return nil
	})
	if bad > 0 {
		v.damage = fmt.Sprintf("%d records have wrong checksums", bad)
	}
	return v, err
}

func (d *database) hasRecords() (bool, error) {
	n, err := d.reader.number("select count(*) from sqlite_schema where type = 'table' and name = 'records'")
	return n > 0, err
}
