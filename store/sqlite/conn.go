package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// conn is a connection to a database, below database/sql, whose pool would only
// be in the way. One goroutine at a time may use it.
type conn struct{ driver.Conn }

// connect opens a database file; query are its URI's parameters.
func connect(file, query string) (*conn, error) {
	name := url.URL{Path: filepath.ToSlash(file)}
	c, err := new(sqlite.Driver).Open("file:" + name.EscapedPath() + query)
	if err != nil {
		return nil, err
	}
	return &conn{c}, nil
}

// exec runs statements without results.
func (c *conn) exec(statements ...string) error {
	for _, s := range statements {
		if _, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), s, nil); err != nil {
			return err
		}
	}
	return nil
}

// query calls fn with each row of a statement's result. What fn gets in it is its own.
func (c *conn) query(statement string, fn func(row []driver.Value) error, args ...driver.Value) error {
	s, err := c.prepare(statement)
	if err != nil {
		return err
	}
	return errors.Join(s.query(fn, args...), s.Close())
}

// number is the one number that a statement gives.
func (c *conn) number(statement string) (n int64, err error) {
	err = c.query(statement, func(row []driver.Value) error {
		n, _ = row[0].(int64)
		return nil
	})
	return n, err
}

func (c *conn) prepare(statement string) (*stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), statement)
	if err != nil {
		return nil, err
	}
	return &stmt{Stmt: s}, nil
}

// stmt is a prepared statement; it is used like its connection.
type stmt struct {
	driver.Stmt
	args []driver.NamedValue
	row  []driver.Value
}

func (s *stmt) bind(args []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

func (s *stmt) exec(args ...driver.Value) error {
	_, err := s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.bind(args))
	return err
}

func (s *stmt) query(fn func(row []driver.Value) error, args ...driver.Value) error {
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return err
	}
	if n := len(rows.Columns()); len(s.row) != n {
		s.row = make([]driver.Value, n)
	}
	for {
		if err = rows.Next(s.row); err != nil {
			break
		}
		if err = fn(s.row); err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(err, rows.Close())
}
