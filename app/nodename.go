package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gatepost/app/config"
	"gatepost/protocol"
)

// nodeNameFile holds the node's name in the data directory.
const nodeNameFile = "node"

// nodeName is the configured name or the one that the data directory keeps; the
// first time that is a random one.
func nodeName(cfg *config.Config) (string, error) {
	if cfg.Node != "" {
		return cfg.Node, nil
	}
	if cfg.DataDir == config.InMemory {
		return randomName(), nil
	}
	name, err := keptName(cfg.DataDir)
	if err != nil {
		return "", fmt.Errorf("GATEPOST_DATA_DIR: the node's name can't be kept there: %w", err)
	}
	return name, nil
}

func randomName() string { return strings.ToLower(rand.Text()[:12]) }

func keptName(dir string) (string, error) {
	file := filepath.Join(dir, nodeNameFile)
	name, err := readName(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return name, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := writeNew(dir, file, randomName()+"\n"); err != nil {
		return "", err
	}
	return readName(file)
}

func readName(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	name := strings.TrimSuffix(string(content), "\n")
	if err := protocol.CheckName(file, name); err != nil {
		return "", err
	}
	return name, nil
}

// writeNew makes file with this content in one step, whole or not at all. One
// that another process has made meanwhile stays.
func writeNew(dir, file, content string) error {
	temp, err := os.CreateTemp(dir, nodeNameFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(content)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
