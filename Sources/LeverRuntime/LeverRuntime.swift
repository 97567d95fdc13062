import LeverCore
