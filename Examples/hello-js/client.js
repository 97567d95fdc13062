var leveros = require("leveros");
var client = new leveros.Client();
client.forceHost = process.env.LEVEROS_IP_PORT;
var service = client.service("dev.lever", "helloService");
service.invoke("SayHello", "world", function (error, reply) {
    if (error) throw error;
    console.log(reply);  // Hello, world!
});
