# SPDX-License-Identifier: MIT
worker_processes 2
listen "127.0.0.1:8080", reuseport: true
preload_app true
