'use strict';

const { Client } = require('./lib/client.js');
const { CODES, RPCError } = require('./lib/errors.js');
const { current: context } = require('./lib/context.js');

module.exports = { Client, RPCError, CODES, context };
