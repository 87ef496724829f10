# A Rails application with nothing but Action Cable, to test against: the relay's part as a Rails application would play
# it (protocol/signals.ts), and a connection that is refused to strangers. The addresses that it may be asked from are
# those of its own pages, as Rails has it.
require "rails"
require "action_controller/railtie"
require "action_cable/engine"

class InteropApp < Rails::Application
  config.root = __dir__
  config.eager_load = false
  config.secret_key_base = "of no account" * 4
  config.logger = ActiveSupport::Logger.new($stderr, level: Logger::WARN)
  config.action_cable.mount_path = "/cable"
  config.action_cable.cable = { "adapter" => "async" }
end

module ApplicationCable
  class Connection < ActionCable::Connection::Base
    def connect
      reject_unauthorized_connection if request.params["as"] == "stranger"
    end
  end
end

class SignalChannel < ActionCable::Channel::Base
  NAME = /\A[A-Za-z0-9_-]{22}\z/

  def subscribed
    return reject unless params[:hub].to_s.match?(NAME)
    return stream_from "hub #{params[:hub]}" if params[:role] == "hub"
    return reject unless params[:role] == "device" && params[:peer].to_s.match?(NAME)
    stream_from "device #{params[:hub]} #{params[:peer]}"
  end

  def signal(message)
    if params[:role] == "hub"
      ActionCable.server.broadcast "device #{params[:hub]} #{message["peer"]}", { data: message["data"] }
    else
      ActionCable.server.broadcast "hub #{params[:hub]}", { peer: params[:peer], data: message["data"] }
    end
  end
end

InteropApp.initialize!
run InteropApp
